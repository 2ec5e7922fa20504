// What went wrong, in a sentence that says what to do next. Shown in the page.

export class Trouble extends Error {}
