"""What `tutorial lab --help` says: the lab, and a class of 45 minutes with it."""

from tutorial.ladder import cors, first

TOKENS, BLACKLIST = first("has_tokens").number, first("has_blacklist").number

HELP = f"""\
Open the token lab: a page for a projector, in which tokens live and expire before the class.

It starts the real server of part {TOKENS}, or of a later one, with a clock that can be moved,
and a page from another origin that talks to it. The lifetimes are the defaults: 5 minutes for an
access token, 15 days for a refresh token. Nothing has to be prepared or cleaned up; Ctrl-C
ends everything.

With --url the page talks to a server of your own. Its clock cannot be moved, so you wait for
real: start it with a short lifetime. It must allow the page's origin (part {cors.number}).

A CLASS OF 45 MINUTES: ask before the click, and let the class bet.

\b
 0'  Press "Large type". ("Present" is larger still: without the buttons,
     though their keys still work.) What follows is also there as a story:
     "Next step" asks and shows it one by one, "Run the whole story" plays it.
     Where a status is the answer, click the one that the class predicts: with
     the next step, the page says whether the server agreed.

\b
 2'  Ask    How does a server know who is asking, if it keeps no session?
     Click  "Send without a token"
     See    401, no credentials. (Whose refusal is it? The server's. Whether
            this page may ask at all was settled by CORS, part {cors.number}.)

\b
 7'  Ask    A password goes in. What should come out?
     Click  "Log in"
     See    200 and a token pair in three colours, decoded beside. None of
            the colours is secret: read the payload aloud. (15 minutes)

\b
22'  Ask    What must the server look up to let this token in?
     Click  "Call the protected endpoint"
     See    200. It looked up the user whom the token names, and no session.

\b
25'  Ask    One character of some two hundred is changed. Will anyone notice?
     Click  "Tamper with a character"
     See    401, token is invalid: the signature no longer fits.

\b
29'  Ask    Five minutes pass; the token stays as it is. Who calls it old?
     Click  "+5 min", then "Call the protected endpoint"
     See    The bar of the access token ends, and a red diamond beyond it:
            401, token is expired. The server's clock decides, not ours.

\b
33'  Ask    Why two tokens, and not one that lives for 15 days?
     Click  "Refresh", then "Call the protected endpoint"
     See    A new pair, then 200.

\b
35'  Ask    And the old refresh token, if someone has copied it?
     Click  "Replay exchanged token"
     See    200: rotation alone does not retire it. Part {BLACKLIST} does.

\b
37'  Ask    A user stays away for 15 days. And one who comes every day?
     Click  "+15 days", then "Refresh"
     See    401: only logging in helps. The other one stays logged in.

\b
40'  Ask    Where would you keep the tokens? Who can read them there?
     Click  "Where are the tokens kept?", at the end of the page

\b
43'  Click  "Start again". One of the class says what to click, the others bet.

With --part {BLACKLIST} the click of 35' is red: 401, the token is blacklisted. And there are
"Log out" and "Log out everywhere": no refresh any more, but access for up to five minutes.
Ask before!

Keys: every button has its letter on it; "Shortcut keys" switches them off."""
