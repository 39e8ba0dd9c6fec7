/* The widget MultipleDirectMediaInput: a row for each file, which is the widget for one. */

const { choose, describeInterrupted, listenToFiles } = globalThis.shiftMediaDirectUpload;

class DirectUploads extends HTMLElement {
    connectedCallback() {
        if (this.input) {
            return;
        }
        this.input = this.querySelector(".shift-media-uploads-choose input");
        this.isRequired = this.input.required;
        this.rows = this.querySelector(".shift-media-uploads-rows");
        this.text = this.querySelector(".shift-media-uploads-text");
        this.template = this.querySelector("template").content;
        this.input.addEventListener("change", () => this.take(this.input.files));
        listenToFiles(this, (files) => this.take(files));
        this.addEventListener("shift-media-upload", ({ target }) => {
            if (target.isEmpty) {
                target.remove();
                this.input.focus();
            }
            this.input.required = this.isRequired && !this.rows.children.length;
        });
        this.take(this.input.files);
        this.showInterrupted();
    }

    async showInterrupted() {
        const { memory: memoryKey, textResumable } = this.template.firstElementChild.dataset;
        const text = await describeInterrupted(memoryKey, textResumable);
        if (!this.rows.children.length) {
            this.text.textContent = text;
        }
    }

    take(files) {
        for (const file of [...files]) {
            const row = this.template.cloneNode(true);
            choose(row.querySelector("input[type=file]"), file);
            this.rows.append(row);
            this.text.textContent = "";
        }
        this.input.value = "";
    }
}

customElements.define("shift-media-uploads", DirectUploads);
