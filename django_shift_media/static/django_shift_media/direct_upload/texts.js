/* Numbers in the language of the page. */

/* The language of the page; undefined, for that of the browser, if it is not valid, as in "en_US". */
function language() {
    try {
        return Intl.getCanonicalLocales(document.documentElement.lang || [])[0];
    } catch {
        return undefined;
    }
}

function format(number, unit) {
    const digits = number < 10 && unit === "megabyte" ? 1 : 0;
    const options = { style: "unit", unit, maximumFractionDigits: digits };
    return new Intl.NumberFormat(language(), options).format(number);
}

function formatPercent(fraction) {
    const percent = Math.floor(100 * fraction) / 100;
    return new Intl.NumberFormat(language(), { style: "percent" }).format(percent);
}

function formatRate(bytes) {
    return bytes < 1_000_000 ? format(bytes / 1_000, "kilobyte") : format(bytes / 1e6, "megabyte");
}

function formatTime(seconds) {
    if (seconds < 60) {
        return format(Math.ceil(seconds), "second");
    }
    return seconds < 3600 ? format(seconds / 60, "minute") : format(seconds / 3600, "hour");
}

Object.assign(globalThis.shiftMediaDirectUpload, { formatPercent, formatRate, formatTime });
