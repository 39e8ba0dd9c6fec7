/*
 * The widget MediaInput: preview a file before it is uploaded, and set the focal point.
 *
 * As a custom element, it also starts when the admin adds a row to an inline formset. Everything
 * that needs JavaScript is hidden in the template, or created here.
 */

const ASPECT_RATIOS = [1, 16 / 9, 3 / 4]; // of the sample crops
const CENTER = [50, 50];
const ARROW_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const LARGE_STEPS = { Home: [-100, 0], End: [100, 0], PageUp: [0, -10], PageDown: [0, 10] };
const PLURALS = [0, 1, 2, 5, 11, 100]; // the numbers of bytes in the first samples of data-sizes

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/* Return a focal point as [x, y] in percent, the center if the text is not one. */
function parseFocalPoint(text) {
    const match = /^([0-9]{1,3}),([0-9]{1,3})$/.exec(text.trim());
    const point = match ? [Number(match[1]), Number(match[2])] : CENTER;
    return Math.max(...point) > 100 ? CENTER : point;
}

/* Return the object-position in percent for a crop that shows this fraction of a side. */
function objectPosition(fraction, focus) {
    const start = clamp(focus / 100 - fraction / 2, 0, 1 - fraction);
    return fraction < 1 ? (100 * start) / (1 - fraction) : 50;
}

/* The language of the page; undefined, for that of the browser, if it is not valid, as in "en_US". */
function language() {
    try {
        return Intl.getCanonicalLocales(document.documentElement.lang || [])[0];
    } catch {
        return undefined;
    }
}

/* Write a size as Django's filesizeformat does, by its samples: "1 byte" and others, "1.0 KB", … */
function formatBytes(bytes, samples) {
    if (bytes < 1024) {
        const rules = new Intl.PluralRules(language());
        const form = PLURALS.findLastIndex((number) => rules.select(number) === rules.select(bytes));
        return samples.at(form < 0 ? PLURALS.length - 1 : form).replace(/[0-9]+/, bytes);
    }
    const units = samples.slice(PLURALS.length);
    let exponent = 1;
    while (bytes >= 1024 ** (exponent + 1) && exponent < units.length) {
        exponent += 1;
    }
    const tenths = (10 * bytes) / 1024 ** exponent;
    let rounded = Math.round(tenths);
    if (tenths % 1 === 0.5 && rounded % 2) {
        rounded -= 1; // Python rounds halves to the even digit
    }
    const text = (rounded / 10).toFixed(1);
    return units[exponent - 1].replace(/1([^0-9])0/, (_, point) => text.replace(".", point));
}

/* Return an element whose text does not affect the order of what is around it. */
function isolate(text, direction = "auto") {
    const element = document.createElement("bdi");
    element.dir = direction;
    element.textContent = text;
    return element;
}

class MediaInput extends HTMLElement {
    connectedCallback() {
        if (this.input) {
            return; // the element was moved in the document
        }
        this.input = this.querySelector("input[type=file]");
        this.clear = this.querySelector("input[type=checkbox]");
        this.picture = this.querySelector(".shift-media-picture");
        this.point = this.querySelector(".shift-media-point");
        this.crops = this.querySelector(".shift-media-crops");
        this.chosen = this.querySelector(".shift-media-chosen");
        this.center = this.querySelector(".shift-media-center");
        this.sizes = JSON.parse(this.dataset.sizes);
        this.stored = this.preview?.src;
        this.input.addEventListener("change", () => {
            this.changeFocalPoint();
            this.showChosen();
        });
        this.clear?.addEventListener("change", () => {
            this.markCleared();
            this.showFocalPoint();
        });
        // Browsers restore a chosen file after the script has run, if a person goes back to the form.
        addEventListener("pageshow", () => this.takeRestored(), { once: true });
        this.listenToFocalPoint();
        this.nameFocalPoint();
        if (!this.input.labels.length) {
            this.input.ariaLabel = this.label; // tabular inlines of the admin have headings only
        }
        this.markCleared(); // a form that is displayed again may have been cleared
        if (this.input.files.length) {
            this.showChosen(); // some browsers keep the chosen file when a page is reloaded
        } else {
            this.showPicture(this.stored);
            this.showFocalPoint(); // at once, so that the page does not move when the picture loads
        }
    }

    get preview() {
        return this.picture.querySelector("img");
    }

    /* The input of the focal point's field, if it is in the same form. */
    get focalPointInput() {
        const field = this.input.dataset.focalPoint;
        return field && this.input.form?.elements[this.input.name.replace(/[^-]*$/, field)];
    }

    /* The label of the field, with the number of the row in a formset. */
    get label() {
        const [, row, field] = /(?:-([0-9]+)-)?([^-]*)$/.exec(this.input.name);
        const heading = this.input.labels[0] ?? this.closest("table")?.querySelector(`.column-${field}`);
        const text = heading?.textContent.trim().replace(/\s*:$/, "") || field;
        return row ? `${text} #${Number(row) + 1}` : text;
    }

    takeRestored() {
        if (this.input.files.length && this.chosen.hidden) {
            this.input.dispatchEvent(new Event("change", { bubbles: true }));
        }
    }

    // -- the picture ----------------------------------------------------------------------

    showChosen() {
        const [file] = this.input.files;
        URL.revokeObjectURL(this.blob);
        this.blob = file && URL.createObjectURL(file);
        this.chosen.hidden = !file;
        this.classList.toggle("shift-media-replaced", Boolean(file));
        this.describeChosen(file);
        if (file && this.clear) {
            this.clear.checked = false; // a new file replaces the stored one, it is not cleared
            this.markCleared();
        }
        this.showPicture(file && this.input.dataset.kind === "image" ? this.blob : this.stored);
    }

    /* In a right-to-left page, each value keeps its own direction, and its unit. */
    describeChosen(file, dimensions) {
        this.chosen.replaceChildren();
        if (file) {
            const size = isolate(formatBytes(file.size, this.sizes));
            const parts = dimensions ? [isolate(dimensions, "ltr"), ", ", size] : [size];
            this.chosen.append(isolate(file.name), ": ", ...parts);
        }
    }

    showPicture(source) {
        if (!source) {
            this.picture.hidden = true;
            this.showFocalPoint();
            return;
        }
        const image = this.preview ?? this.picture.insertBefore(new Image(), this.point);
        image.className = "shift-media-preview";
        image.alt = `${this.picture.dataset.text}: ${this.label}`;
        image.onload = () => this.showLoaded();
        image.onerror = () => this.showLoaded();
        if (image.src !== source) {
            for (const attribute of ["srcset", "width", "height"]) {
                image.removeAttribute(attribute); // those of the stored picture
            }
            image.src = source;
        } else if (image.complete) {
            this.showLoaded();
        }
    }

    /* Show the loaded picture; one that the browser cannot show has no size. */
    showLoaded() {
        const { naturalWidth: width, naturalHeight: height } = this.preview;
        this.picture.hidden = !width;
        const [file] = this.input.files;
        if (file && width) {
            this.describeChosen(file, `${width} × ${height}`);
        }
        this.showFocalPoint();
    }

    get isCleared() {
        return Boolean(this.clear?.checked);
    }

    markCleared() {
        this.classList.toggle("shift-media-cleared", this.isCleared);
    }

    // -- the focal point ------------------------------------------------------------------

    listenToFocalPoint() {
        this.picture.addEventListener("pointerdown", (event) => {
            if (event.button === 0 && !this.point.hidden) {
                event.preventDefault();
                this.picture.setPointerCapture(event.pointerId);
                this.point.focus();
                this.moveToPointer(event);
            }
        });
        this.picture.addEventListener("pointermove", (event) => {
            if (this.picture.hasPointerCapture(event.pointerId)) {
                this.moveToPointer(event);
            }
        });
        this.point.addEventListener("keydown", (event) => this.moveByKey(event));
        this.center.addEventListener("click", () => {
            this.writeFocalPoint("");
            this.point.focus(); // the button is hidden now
        });
        this.focalPointInput?.addEventListener("input", () => this.showFocalPoint());
    }

    /* Tell the points of a form apart, and describe them, for people who do not see the picture. */
    nameFocalPoint() {
        const help = this.querySelector(".shift-media-help");
        help.id = `${this.input.name}-focal-point-help`;
        this.point.setAttribute("aria-describedby", help.id);
        this.point.ariaLabel += `: ${this.label}`;
    }

    moveToPointer(event) {
        const box = this.preview.getBoundingClientRect();
        this.setFocalPoint(
            (100 * (event.clientX - box.left)) / box.width,
            (100 * (event.clientY - box.top)) / box.height,
        );
    }

    moveByKey(event) {
        const factor = event.shiftKey ? 10 : 1;
        const steps = LARGE_STEPS[event.key] ?? ARROW_KEYS[event.key]?.map((step) => step * factor);
        if (steps) {
            event.preventDefault(); // the page does not scroll
            const [right, down] = steps;
            const [x, y] = parseFocalPoint(this.focalPointInput.value);
            this.setFocalPoint(x + right, y + down);
        }
    }

    setFocalPoint(...point) {
        const percentages = point.map((percent) => Math.round(clamp(percent, 0, 100)));
        this.writeFocalPoint(percentages.join(","));
    }

    /* Let a chosen file begin at its center; without it, return to the stored file's point. */
    changeFocalPoint() {
        const input = this.focalPointInput;
        if (input && this.input.files.length) {
            this.storedPoint ??= input.value;
            this.writeFocalPoint("");
        } else if (input) {
            this.writeFocalPoint(this.storedPoint ?? input.value);
            this.storedPoint = undefined;
        }
    }

    writeFocalPoint(text) {
        this.focalPointInput.value = text;
        this.focalPointInput.dispatchEvent(new Event("input", { bubbles: true }));
        this.focalPointInput.dispatchEvent(new Event("change", { bubbles: true }));
    }

    showFocalPoint() {
        const input = this.focalPointInput;
        const isShown = !this.picture.hidden && !this.isCleared;
        const isEditable = Boolean(input) && !input.disabled && isShown;
        for (const part of [this.point, this.crops, this.querySelector(".shift-media-help")]) {
            part.hidden = !isEditable;
        }
        const isEmpty = !this.querySelector(".shift-media-stored") && !this.input.files.length;
        this.querySelector(".shift-media-hint").hidden = !(input && !input.disabled && isEmpty);
        this.center.hidden = true;
        this.classList.toggle("shift-media-focusable", isEditable);
        if (isEditable) {
            const [x, y] = parseFocalPoint(input.value);
            this.center.hidden = x === CENTER[0] && y === CENTER[1];
            this.placePoint(x, y);
            this.showCrops(x, y);
        }
        if (input) {
            this.hideTextInput(input, isEditable || this.isCleared || (isEmpty && !input.value));
        }
    }

    /* Hide the focal point's text input and its label, unless there is an error to show. */
    hideTextInput(input, isHidden) {
        const row = input.closest("td, .fieldBox, .form-row") ?? input.parentElement;
        const isAlone = row.querySelectorAll("input, select, textarea").length === 1;
        if (isAlone && !row.matches(".errors") && !row.querySelector(".errorlist")) {
            for (const part of row.matches("td") ? row.children : [row]) {
                part.hidden = isHidden; // keep the cell itself in a table
            }
        }
    }

    placePoint(x, y) {
        this.point.style.left = `${x}%`;
        this.point.style.top = `${y}%`;
        this.point.ariaValueNow = x;
        this.point.ariaValueText = this.point.dataset.text.replace("{x}", x).replace("{y}", y);
    }

    /* Show sample crops, by the same formula as Resize.geometry() with how="fill". */
    showCrops(x, y) {
        const { src, naturalWidth, naturalHeight } = this.preview;
        for (const [index, ratio] of ASPECT_RATIOS.entries()) {
            const crop = this.crops.children[index] ?? this.crops.appendChild(new Image());
            const fraction = (ratio * naturalHeight) / naturalWidth;
            const left = objectPosition(Math.min(fraction, 1), x);
            const top = objectPosition(Math.min(1 / fraction, 1), y);
            crop.style.aspectRatio = ratio;
            crop.style.objectPosition = `${left}% ${top}%`;
            crop.src = src;
        }
    }
}

customElements.define("shift-media-input", MediaInput);
