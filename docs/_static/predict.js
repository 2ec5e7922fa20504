// Predict, then reveal: a choice opens what came, and says whether it was the same.
for (const box of document.querySelectorAll(".predict")) {
  const choices = box.querySelector(".choices");
  choices.hidden = false;
  for (const button of choices.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const right = "right" in button.dataset;
      for (const other of choices.querySelectorAll("button")) {
        other.classList.toggle("right", "right" in other.dataset);
        other.classList.toggle("wrong", other === button && !right);
        other.setAttribute("aria-pressed", other === button);
      }
      choices.querySelector("output").textContent = right ? "Yes." : "No, see below.";
      box.querySelector("details").open = true;
    });
  }
}
