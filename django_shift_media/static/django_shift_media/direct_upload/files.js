/* Files that are dropped and pasted. */

/* Call a function with files that are dropped on an element or pasted into it. */
function listenToFiles(element, take) {
    const isOver = (value) => element.classList.toggle("shift-media-upload-over", value);
    const receive = (event, files) => {
        isOver(false);
        if (files.length && !element.input.disabled) {
            event.preventDefault();
            take(files);
        }
    };
    element.addEventListener("dragover", (event) => {
        if (event.dataTransfer.types.includes("Files") && !element.input.disabled) {
            event.preventDefault();
            isOver(true);
        }
    });
    element.addEventListener("dragleave", (event) => {
        isOver(element.contains(event.relatedTarget));
    });
    element.addEventListener("drop", (event) => receive(event, event.dataTransfer.files));
    element.addEventListener("paste", (event) => receive(event, event.clipboardData.files));
}

function choose(input, file) {
    const chosen = new DataTransfer();
    chosen.items.add(file);
    input.files = chosen.files;
}

Object.assign(globalThis.shiftMediaDirectUpload, { choose, listenToFiles });
