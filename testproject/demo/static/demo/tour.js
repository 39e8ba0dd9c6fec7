// Say which file the browser chose, and measure a file without leaving the page.

function describe(image) {
  const file = image.currentSrc.split("/").pop();
  const [, width, format] = file.match(/^(\d+)x.*\.(\w+)$/) ?? [];
  return width ? `${width} pixels in ${format.toUpperCase()}` : file;
}

for (const output of document.querySelectorAll("[data-chosen]")) {
  const image = output.closest("section").querySelector(output.dataset.chosen);
  const show = () => { output.textContent = describe(image); };
  image.addEventListener("load", show);
  if (image.complete && image.currentSrc) show();
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".delivery")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const response = await fetch(form.action, { method: "POST", body: new FormData(form) });
  if (!response.ok) {
    button.textContent = "Failed";
    return;
  }
  const answer = new DOMParser().parseFromString(await response.text(), "text/html");
  form.querySelector("tbody").replaceWith(answer.querySelector("tbody"));
  button.disabled = false;
});
