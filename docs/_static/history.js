// The code through time: the slider chooses the part whose lines are shown.
const slider = document.querySelector("#part");
const lines = document.querySelectorAll(".history li");
const files = document.querySelectorAll(".toc-drawer a[data-born]");
const titles = slider.dataset.titles.split("|");

function show(part) {
  slider.value = part;
  part = Number(slider.value); // the slider keeps it between its ends
  document.querySelector(".time output").textContent = `${part}, ${titles[part - 1]},`;
  slider.setAttribute("aria-valuetext", `Part ${part}, ${titles[part - 1]}`);
  for (const line of lines) {
    const { born, gone } = line.dataset;
    line.hidden = Number(born) > part || Number(gone) <= part; // without `gone`: NaN
    line.classList.toggle("new", Number(born) === part);
  }
  for (const file of files) {
    file.classList.toggle("later", Number(file.dataset.born) > part);
    file.hash = `part-${part}`;
  }
}

const asked = () => Number(location.hash.match(/^#part-(\d+)$/)?.[1] ?? slider.max);
slider.closest(".time").hidden = false;
slider.addEventListener("input", () => {
  show(slider.value);
  history.replaceState(null, "", `#part-${slider.value}`);
});
addEventListener("hashchange", () => show(asked()));
show(asked());
