/*
 * The widget MediaInput: previews a file before it is sent, and sets the focal point.
 *
 * A custom element needs no other sign when the admin adds a row to an inline. All that is not
 * there without scripts is hidden in the template, or made here.
 */

const CROPS = [1, 16 / 9, 3 / 4]; // width by height
const CENTRE = [50, 50];
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/* Return [x, y] in per cent; the centre for what is not one. */
function parse(text) {
    const match = /^([0-9]{1,3}),([0-9]{1,3})$/.exec(text.trim());
    const point = match ? [Number(match[1]), Number(match[2])] : CENTRE;
    return Math.max(...point) > 100 ? CENTRE : point;
}

/* Return an object-position in per cent, for a crop that shows this part of a side. */
function place(part, focus) {
    const start = clamp(focus / 100 - part / 2, 0, 1 - part);
    return part < 1 ? (100 * start) / (1 - part) : 50;
}

function writeSize(bytes) {
    const unit = clamp(Math.floor(Math.log(bytes || 1) / Math.log(1024)), 0, UNITS.length - 1);
    return new Intl.NumberFormat(document.documentElement.lang || undefined, {
        style: "unit",
        unit: UNITS[unit],
        unitDisplay: unit ? "short" : "long",
        maximumFractionDigits: 1,
    }).format(bytes / 1024 ** unit);
}

class MediaInput extends HTMLElement {
    connectedCallback() {
        if (this.file) {
            return; // moved, not new
        }
        this.file = this.querySelector("input[type=file]");
        this.clear = this.querySelector("input[type=checkbox]");
        this.picture = this.querySelector(".shift-media-picture");
        this.point = this.querySelector(".shift-media-point");
        this.crops = this.querySelector(".shift-media-crops");
        this.chosen = this.querySelector(".shift-media-chosen");
        this.stored = this.preview?.src;
        this.file.addEventListener("change", () => this.choose());
        this.clear?.addEventListener("change", () => this.showCleared());
        this.listenToPoint();
        if (this.file.files.length) {
            this.choose(); // some browsers keep what was chosen when a page is loaded again
        } else {
            this.showPicture(this.stored);
        }
    }

    get preview() {
        return this.picture.querySelector("img");
    }

    /* The input of the field that keeps the focal point, if it is on the page. */
    get focusInput() {
        const field = this.file.dataset.focalPoint;
        return field && this.file.form?.elements[this.file.name.replace(/[^-]*$/, field)];
    }

    // -- the picture ----------------------------------------------------------------------

    choose() {
        const [file] = this.file.files;
        URL.revokeObjectURL(this.blob);
        this.blob = file && URL.createObjectURL(file);
        this.chosen.hidden = !file;
        this.chosen.value = file ? writeSize(file.size) : "";
        if (file && this.clear) {
            this.clear.checked = false; // another file is no file less
            this.showCleared();
        }
        this.showPicture(file && this.file.dataset.kind === "image" ? this.blob : this.stored);
    }

    showPicture(source) {
        if (!source) {
            this.picture.hidden = true;
            this.showFocus();
            return;
        }
        const image = this.preview ?? this.picture.insertBefore(new Image(), this.point);
        image.className = "shift-media-preview";
        image.onload = () => this.showLoaded();
        image.onerror = () => this.showLoaded();
        if (image.src !== source) {
            image.src = source;
        } else if (image.complete) {
            this.showLoaded();
        }
    }

    /* Show what has loaded; what browsers cannot show has no size. */
    showLoaded() {
        const { naturalWidth: width, naturalHeight: height } = this.preview;
        this.picture.hidden = !width;
        const [file] = this.file.files;
        if (file && width) {
            this.chosen.value = `${width} × ${height}, ${writeSize(file.size)}`;
        }
        this.showFocus();
    }

    showCleared() {
        this.classList.toggle("shift-media-cleared", this.clear.checked);
    }

    // -- the focal point ------------------------------------------------------------------

    listenToPoint() {
        this.picture.addEventListener("pointerdown", (event) => {
            if (event.button === 0 && !this.point.hidden) {
                event.preventDefault();
                this.picture.setPointerCapture(event.pointerId);
                this.point.focus();
                this.follow(event);
            }
        });
        this.picture.addEventListener("pointermove", (event) => {
            if (this.picture.hasPointerCapture(event.pointerId)) {
                this.follow(event);
            }
        });
        this.point.addEventListener("keydown", (event) => this.step(event));
        this.focusInput?.addEventListener("input", () => this.showFocus());
    }

    follow(event) {
        const box = this.preview.getBoundingClientRect();
        this.move(
            (100 * (event.clientX - box.left)) / box.width,
            (100 * (event.clientY - box.top)) / box.height,
        );
    }

    step(event) {
        if (event.key in STEPS) {
            event.preventDefault();
            const [right, down] = STEPS[event.key].map((one) => one * (event.shiftKey ? 10 : 1));
            const [x, y] = parse(this.focusInput.value);
            this.move(x + right, y + down);
        }
    }

    move(...point) {
        this.focusInput.value = point.map((part) => Math.round(clamp(part, 0, 100))).join(",");
        this.focusInput.dispatchEvent(new Event("input", { bubbles: true }));
        this.focusInput.dispatchEvent(new Event("change", { bubbles: true }));
    }

    showFocus() {
        const input = this.focusInput;
        const isUsed = Boolean(input) && !input.disabled && !this.picture.hidden;
        for (const part of [this.point, this.crops, this.querySelector(".shift-media-help")]) {
            part.hidden = !isUsed;
        }
        this.classList.toggle("shift-media-focusing", isUsed);
        if (isUsed) {
            const [x, y] = parse(input.value);
            this.showPoint(x, y);
            this.showCrops(x, y);
        }
        if (input) {
            this.hideTyped(input, isUsed);
        }
    }

    /* Hide what need not be typed, with its label, unless there is an error to show. */
    hideTyped(input, isHidden) {
        const row = input.closest("td, .fieldBox, .form-row") ?? input.parentElement;
        const isAlone = row.querySelectorAll("input, select, textarea").length === 1;
        if (isAlone && !row.matches(".errors") && !row.querySelector(".errorlist")) {
            for (const part of row.matches("td") ? row.children : [row]) {
                part.hidden = isHidden; // a table keeps its cells
            }
        }
    }

    showPoint(x, y) {
        this.point.style.left = `${x}%`;
        this.point.style.top = `${y}%`;
        this.point.ariaValueNow = x;
        this.point.ariaValueText = this.point.dataset.text.replace("{x}", x).replace("{y}", y);
    }

    /* Show what how="fill" makes: the same formula as that of Resize.plan(). */
    showCrops(x, y) {
        const { src, naturalWidth, naturalHeight } = this.preview;
        for (const [index, ratio] of CROPS.entries()) {
            const crop = this.crops.children[index] ?? this.crops.appendChild(new Image());
            const wider = (ratio * naturalHeight) / naturalWidth;
            const left = place(Math.min(wider, 1), x);
            const top = place(Math.min(1 / wider, 1), y);
            crop.style.aspectRatio = ratio;
            crop.style.objectPosition = `${left}% ${top}%`;
            crop.src = src;
        }
    }
}

customElements.define("shift-media-input", MediaInput);
