/* The uploads of a form: its submission waits for them, and so does leaving the page. */
class FormUploads {
    static of = new WeakMap();

    static add(form, element) {
        if (!this.of.has(form)) {
            this.of.set(form, new FormUploads(form));
        }
        this.of.get(form).elements.add(element);
    }

    constructor(form) {
        this.form = form;
        this.elements = new Set();
        form.addEventListener("submit", (event) => this.onSubmit(event), { capture: true });
        form.addEventListener("formdata", ({ formData }) => this.leaveOut(formData));
        // Browsers reset a form after this event, and tell nobody.
        form.addEventListener("reset", () => this.active.forEach((element) => element.cancel()));
        addEventListener("beforeunload", (event) => {
            if (this.active.some((element) => element.isBusy)) {
                event.preventDefault();
            }
        });
    }

    get active() {
        return [...this.elements].filter((element) => element.isConnected);
    }

    /* Leave files that the storage has out of the form; several fields may share a name. */
    leaveOut(formData) {
        const complete = this.active.filter((element) => element.value);
        for (const name of new Set(complete.map((element) => element.input.name))) {
            formData.delete(name);
            this.active
                .filter((element) => element.input.name === name && !element.value)
                .flatMap((element) => [...element.input.files])
                .forEach((file) => formData.append(name, file));
        }
    }

    onSubmit(event) {
        // The forms of the admin have "novalidate".
        const refused = this.active.find((element) => element.state === "refused");
        const busy = this.active.filter((element) => element.isBusy);
        if (refused || busy.length) {
            event.preventDefault();
            event.stopImmediatePropagation();
        }
        if (refused) {
            refused.input.focus();
        } else if (busy.length && !this.isWaiting) {
            this.submitAfter(busy, event.submitter);
        }
    }

    async submitAfter(busy, submitter) {
        this.isWaiting = true;
        const results = await Promise.all(busy.map((element) => element.finish()));
        this.isWaiting = false;
        if (results.every(Boolean)) {
            this.form.requestSubmit(submitter);
        } else {
            busy[results.indexOf(false)].input.focus();
        }
    }
}

Object.assign(globalThis.shiftMediaDirectUpload, { FormUploads });
