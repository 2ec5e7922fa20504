// The whole story, step by step: what comes next, what is done, what could be seen.
//
// What to ask before a step is in the server's words, by the step's name: `config.questions`.
// The steps that are `brief` are a story too: an access token that works, and expires.

const INTRODUCTION = "From the first request to the last refusal, against the real server.";

// Owner and thief, where the server notices: from the second pair on.
function theft(lab, fiveMinutes) {
  return [
    {
      name: "steal",
      before: "a thief has copied the new refresh token, and uses it first.",
      act: lab.steal,
      after: "200, and a pair for the thief. So far nobody has noticed.",
    },
    fiveMinutes("five minutes pass.", "Both access tokens have expired: the owner’s and the thief’s."),
    {
      name: "thief-refreshes",
      before: "the thief refreshes once more.",
      act: lab.thiefRefresh,
      after: "200. It could go on like this for ever.",
    },
    {
      name: "owner-refreshes",
      before: "now the owner refreshes, with the token that was copied.",
      act: lab.refresh,
      after: "401: it was exchanged before. Two have held it, so the server ends the session.",
    },
    {
      name: "thief-calls",
      before: "the thief calls, with the new access token.",
      act: lab.thiefCall,
      after: "401. Its exp lies ahead, but its session has ended: for both.",
    },
    {
      before: "the owner logs in again.",
      act: lab.logInAsDemo,
      after: "A new session. The thief has nothing that belongs to it.",
    },
    {
      name: "list-sessions",
      before: "the owner lists the sessions.",
      act: lab.listDevices,
      after: "The list says why the first one ended: token_reused. Time for a new password.",
    },
    {
      name: "end-session",
      before: "log out.",
      act: lab.logOut,
      after: "Both: every request asks whether the session has ended.",
    },
    {
      name: "call-after-logout",
      before: "the same request again, with an access token that has not expired.",
      act: lab.call,
      after: "401, at once. In part 10 it was 200 for up to five minutes.",
    },
  ];
}

export function stepsOf(lab, config) {
  const protectedUrl = `GET ${config.protected}`;
  const steps = [
    {
      name: "no-token",
      before: `somebody asks for ${protectedUrl} and says nothing about who they are.`,
      act: lab.sendBare,
      after: "401: who is asking? The server keeps no session that would tell it.",
    },
    {
      name: "log-in",
      before: "log in.",
      brief: true,
      act: lab.logInAsDemo,
      after:
        "A token pair: an access token for every request, and a refresh token for when it is gone.",
    },
    {
      name: "call",
      before: "the same request, with the access token.",
      brief: true,
      act: lab.call,
      after:
        `200. The signature fits, and exp is still ahead. ${config.sessions ? "Session and user were looked up, together." : "Only the user was looked up, and no session."}`,
    },
    {
      name: "tamper",
      before: "one character of the payload is changed.",
      act: lab.callTampered,
      after: "401, token is invalid: the signature no longer fits what it signs.",
    },
  ];
  const fiveMinutes = (before, after) => ({
    before: config.clock
      ? before
      : "we wait until the access token expires. This server’s clock cannot be moved.",
    act: config.clock ? () => lab.advance(300) : lab.untilExpired,
    after,
  });
  steps.push(
    {
      ...fiveMinutes(
        "five minutes pass. Nobody touches the token.",
        "exp lies behind the server’s clock. The token is the same, character by character.",
      ),
      brief: true,
    },
    {
      name: "call-expired",
      before: "the same request with the same token.",
      brief: true,
      act: lab.call,
      after: "401, token is expired. Its exp refused it, and nobody had to decide anything.",
    },
    {
      name: "refresh",
      before: "send the refresh token.",
      act: lab.refresh,
      after: "A new access token, and by rotation a new refresh token: 15 days begin again.",
    },
    {
      before: "and the request once more, with the new access token.",
      act: lab.call,
      after: "200. Anyone who comes back within 15 days never sees the login form again.",
    },
  );
  const asking = (all) => all.map((step) => ({ ...step, question: config.questions[step.name] }));
  if (config.sessions) return asking([...steps, ...theft(lab, fiveMinutes)]);
  steps.push(
    {
      name: "replay",
      before: "the refresh token that was just exchanged, once more.",
      act: lab.replay,
      after: config.hasBlacklist
        ? `401, blacklisted. In part ${config.firstWithTokens} this was green: now a refresh token is good for one refresh.`
        : `200, and a pair for anyone who copied it. Rotation alone retires nothing; part ${config.firstWithBlacklist} does.`,
    },
  );
  if (config.logout) {
    steps.push(
      {
        name: "log-out",
        before: "log out.",
        act: lab.logOut,
        after: "The refresh token is on the blacklist: nobody stays logged in with it.",
      },
      {
        name: "call-after-logout",
        before: "the same request, with the access token from before.",
        act: lab.call,
        after: "200: what logging out leaves. No list is asked for an access token, only its exp.",
      },
      fiveMinutes("five minutes pass, at the most.", "The access token has expired."),
      {
        before: "the same request again.",
        act: lab.call,
        after: "401. Now the logout is complete, and only the password helps.",
      },
    );
  } else if (config.clock) {
    steps.push(
      {
        before: "nobody comes back for 15 days.",
        act: () => lab.advance(15 * 86400),
        after: "Every token has expired, whoever has it.",
      },
      {
        name: "refresh-after-15-days",
        before: "send the refresh token.",
        act: lab.refresh,
        after: "401. Only the password helps now: log in again, and a new pair begins its life.",
      },
    );
  }
  return asking(steps);
}

// Plays the steps, or goes through them one by one. `show(story)` is told of every change, and
// `requests()` is what has been sent: the status of the last one settles a prediction.
export class Story {
  constructor({ steps, begin, show, requests, pace = null, end = "That was the whole story." }) {
    Object.assign(this, { steps, begin, show, requests, pace, end });
    this.index = null; // of the next step; null before the story
    this.playing = null;
    this.busy = false;
    this.prediction = null; // the choice for the next step, and how the last one turned out
    this.told = null;
  }

  get question() {
    return this.steps[this.index]?.question;
  }

  predict(choice) {
    if (this.busy) return;
    this.prediction = choice;
    this.show(this);
  }

  get over() {
    return this.index === this.steps.length;
  }

  get captions() {
    if (this.index === null) return [INTRODUCTION, ""];
    const before = this.steps[this.index]?.before;
    return [
      this.steps[this.index - 1]?.after ?? "A fresh start: nobody is logged in.",
      before ? `Next: ${before}` : this.end,
    ];
  }

  async toggle({ stepwise }) {
    if (this.playing) return this.pause();
    // Who asks for reduced motion turns every page by hand.
    if (stepwise) return this.next();
    if ((this.index === null || this.over) && !(await this.rewind())) return;
    const playing = (this.playing = {}); // this play, and not one begun after a pause
    this.show(this);
    while (this.playing === playing && !this.over) {
      await this.reading();
      if (this.playing === playing) await this.next();
    }
    if (this.playing === playing) this.pause();
  }

  async next() {
    if (this.busy) return;
    if (this.index === null || this.over) return this.rewind();
    this.busy = true;
    this.halted = false;
    this.show(this);
    const before = this.requests().length;
    const done = await this.steps[this.index].act(() => this.halted);
    this.busy = false;
    // It may have been closed in the meantime.
    if (this.index !== null && done) {
      this.told = this.compared(this.requests().slice(before).at(-1));
      this.prediction = null;
      this.index += 1;
    } else this.playing = null;
    this.show(this);
  }

  pause() {
    this.playing = null;
    this.halted = true;
    this.show(this);
  }

  compared(request) {
    const choice = this.prediction;
    return choice && request ? { choice, right: choice === String(request.status) } : null;
  }

  close() {
    this.index = this.prediction = this.told = null;
    this.pause();
  }

  async rewind() {
    if (!(await this.begin())) return false;
    this.index = 0;
    this.prediction = this.told = null;
    this.show(this);
    return true;
  }

  // As long as the captions take to read aloud, unless somebody is in a hurry.
  reading() {
    const text = [...this.captions, this.question?.ask ?? ""].join(" ");
    const milliseconds = this.pace ?? 1500 + 40 * text.length;
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}
