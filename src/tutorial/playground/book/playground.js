// The places in the book where a part runs: nothing of it is loaded before its button is pressed.

for (const place of document.querySelectorAll(".playground[data-target]")) {
  place.querySelector("button").addEventListener("click", () => {
    if (location.protocol === "file:") {
      const said = document.createElement("p");
      said.setAttribute("role", "alert");
      said.textContent =
        "A browser runs no Python from a page that comes from the disk. Serve this folder " +
        "instead: python -m http.server --bind 127.0.0.1";
      place.append(said);
      return;
    }
    const frame = document.createElement("iframe");
    frame.title = place.dataset.title;
    frame.src = place.dataset.target;
    place.querySelector("p").replaceWith(frame);
    frame.focus({ preventScroll: true });
    place.scrollIntoView({ block: "start" });
  });
}
