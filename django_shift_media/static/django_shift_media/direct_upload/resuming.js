/* The uploads that were interrupted, in IndexedDB; without it, none is continued after a reload. */

const REMEMBERED = 86_400_000; // milliseconds
const DATABASE = "shift-media-uploads";
const STORE = "uploads";

const memory = {
    async run(mode, action) {
        try {
            const database = await finished(indexedDB.open(DATABASE, 1), (request) => {
                request.onupgradeneeded = () => request.result.createObjectStore(STORE);
            });
            const result = await finished(
                action(database.transaction(STORE, mode).objectStore(STORE)),
            );
            database.close();
            return result;
        } catch {
            return undefined;
        }
    },
    get: (key) => memory.run("readonly", (store) => store.get(key)),
    all: () => memory.run("readonly", (store) => store.getAll()),
    set: (key, value) => memory.run("readwrite", (store) => store.put(value, key)),
    delete: (key) => memory.run("readwrite", (store) => store.delete(key)),
};

function finished(request, prepare) {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
        prepare?.(request);
    });
}

/* Return a sentence for each interrupted upload of a field. */
async function describeInterrupted(memoryKey, text) {
    const entries = (await memory.all()) ?? [];
    const isOld = ({ time }) => Date.now() - time > REMEMBERED;
    entries.filter(isOld).forEach(({ key }) => memory.delete(key));
    return entries
        .filter((entry) => entry.memoryKey === memoryKey && !isOld(entry))
        .map(({ name }) => text.replace("{name}", () => name))
        .join(" ");
}

Object.assign(globalThis.shiftMediaDirectUpload, { describeInterrupted, memory });
