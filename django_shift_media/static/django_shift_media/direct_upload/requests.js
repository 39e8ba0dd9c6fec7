/*
 * Requests to the app and to the storage, and the object that the modules of direct uploads share.
 *
 * A page has a script element for each module, in the order of uploads/widgets.py. They share one
 * object, and do not import each other: Django's ManifestStaticFilesStorage replaces the names in
 * imports only with support_js_module_import_aggregation. Without it, a browser could mix modules
 * of two releases, or find none where only files with hashed names are deployed.
 */

const STALLED = 60_000; // milliseconds without progress

/* An error of a request; ``retryAfter`` is in milliseconds, as the server has asked for. */
class Failure extends Error {
    constructor(status, { code = "", message = "", retryAfter = 0 } = {}) {
        super(message);
        Object.assign(this, { status, code, retryAfter });
    }

    get isTemporary() {
        return this.status === 0 || [408, 429].includes(this.status) || this.status >= 500;
    }

    get isBusy() {
        return [429, 503].includes(this.status);
    }
}

/* Return the milliseconds of a header Retry-After, which has seconds or a date: RFC 9110, 10.2.3. */
function parseRetryAfter(text) {
    const value = (text ?? "").trim();
    const milliseconds = /^[0-9]+$/.test(value) ? 1000 * value : Date.parse(value) - Date.now();
    return Math.max(0, milliseconds || 0);
}

/* Send a part; only XMLHttpRequest reports how much has been sent. */
function put(url, blob, { signal, report, stalled = STALLED }) {
    return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const request = new XMLHttpRequest();
        const abort = () => request.abort();
        let timer;
        const watch = () => {
            clearTimeout(timer);
            timer = setTimeout(abort, stalled);
        };
        request.open("PUT", url);
        request.upload.onprogress = (event) => {
            watch();
            report(event.loaded);
        };
        request.onload = () => (request.status === 200 ? resolve() : reject(failureOf(request)));
        request.onerror = () => reject(new Failure(0, { code: "unreachable" }));
        request.onabort = () => reject(signal.aborted ? signal.reason : new Failure(0));
        request.onloadend = () => {
            clearTimeout(timer);
            signal.removeEventListener("abort", abort);
        };
        signal.addEventListener("abort", abort);
        watch();
        request.send(blob);
    });
}

function failureOf(request) {
    // S3 responds with 400, RequestTimeout, to a connection that has been silent.
    const status = request.status === 400 ? 408 : request.status;
    // Not getResponseHeader(): browsers complain of a header that CORS does not expose.
    const [, text] = /^retry-after:(.*)$/im.exec(request.getAllResponseHeaders()) ?? [];
    return new Failure(status, { retryAfter: parseRetryAfter(text) });
}

/* Send JSON to the app, and return its response. */
async function postJson(url, values, { headers, signal }) {
    const options = {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(values),
        signal,
    };
    const response = await interruptible(fetch(url, options), signal);
    if (!response.ok) {
        const { code, error: message } = await response.json().catch(() => ({}));
        const retryAfter = parseRetryAfter(response.headers.get("Retry-After"));
        throw new Failure(response.status, { code, message, retryAfter });
    }
    return response.status === 204 ? undefined : interruptible(response.json(), signal);
}

/* Turn what a browser throws when a connection is cut into a failure that is tried again. */
async function interruptible(promise, signal) {
    try {
        return await promise;
    } catch (error) {
        throw signal?.aborted ? signal.reason : new Failure(0, { message: error.message });
    }
}

globalThis.shiftMediaDirectUpload = { Failure, postJson, put };
