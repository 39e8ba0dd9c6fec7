/* Waiting for a time, for a promise and for the turn of a file, each until a signal ends it. */

const PARALLEL_FILES = 3; // of a page; fewer than SHIFT_MEDIA_UPLOAD_LIMIT
const LONGEST_OFFLINE = 30_000; // milliseconds
const LONGEST = 86_400_000; // the longest life of a token; timers end at once beyond 24 days

/*
 * Wait for at least so many milliseconds, and then for at most so many. Being online again ends the
 * second time.
 */
async function wait({ least, most }, signal) {
    if (least > 0) {
        await pause(Math.min(least, LONGEST), signal);
    }
    // Some browsers say that they are offline when they are not.
    const rest = navigator.onLine ? most - least : LONGEST_OFFLINE;
    if (rest > 0) {
        await pause(rest, signal, { untilOnline: true });
    }
}

function pause(milliseconds, signal, { untilOnline = false } = {}) {
    return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const finish = (end) => () => {
            clearTimeout(timer);
            removeEventListener("online", resolved);
            end(signal.reason);
        };
        const resolved = finish(resolve);
        const timer = setTimeout(resolved, milliseconds);
        if (untilOnline) {
            addEventListener("online", resolved);
        }
        signal.addEventListener("abort", finish(reject), { once: true });
    });
}

/* Return what a promise does, unless the signal comes first. */
function unlessAborted(promise, signal) {
    return new Promise((resolve, reject) => {
        promise.then(resolve, reject);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
}

/* The turns of files: with more files than that, the others wait. */
class Turns {
    waiting = new Set();

    constructor(count) {
        this.count = count;
    }

    get areTaken() {
        return this.count === 0;
    }

    async take(signal) {
        if (!this.areTaken) {
            this.count -= 1;
            return;
        }
        await new Promise((resolve, reject) => {
            this.waiting.add(resolve);
            const leave = () => this.waiting.delete(resolve) && reject(signal.reason);
            signal.addEventListener("abort", leave, { once: true });
        });
    }

    pass() {
        const [next] = this.waiting;
        if (next) {
            this.waiting.delete(next);
            next();
        } else {
            this.count += 1;
        }
    }
}

const turns = new Turns(PARALLEL_FILES);

Object.assign(globalThis.shiftMediaDirectUpload, { turns, unlessAborted, wait });
