import AwsS3 from "@uppy/aws-s3";

const MIB = 1024 ** 2;

/* Have an instance of Uppy send its files straight to the storage. */
export function sendDirectly(uppy, { api, field, headers = {} }) {
    async function post(step, values, signal) {
        const response = await fetch(new URL(step, api), {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: JSON.stringify(values),
            signal,
        });
        const answer = response.status === 204 ? {} : await response.json();
        if (!response.ok) {
            // Uppy repeats a request by the status of its source.
            throw Object.assign(new Error(answer.error), { source: response });
        }
        return answer;
    }

    uppy.use(AwsS3, {
        shouldUseMultipart: true,
        // As the app computes "part_size".
        getChunkSize: ({ size }) => Math.max(8 * MIB, Math.ceil(size / 10_000)),

        async createMultipartUpload({ name, size, type }) {
            const { token } = await post("token/", { field });
            const { upload } = await post("", { token, name, size, type });
            return { uploadId: upload, key: name };
        },
        async signPart(file, { uploadId: upload, partNumber, signal }) {
            const { urls } = await post("parts/", { upload, numbers: [partNumber] }, signal);
            return { url: new URL(urls[partNumber], api).href };
        },
        async listParts(file, { uploadId: upload, signal }) {
            const { parts } = await post("status/", { upload }, signal);
            return Object.entries(parts).map(([number, size]) => ({
                PartNumber: Number(number),
                Size: size,
                ETag: "", // the app knows it
            }));
        },
        async completeMultipartUpload(file, { uploadId: upload, signal }) {
            return post("complete/", { upload }, signal); // has the "value"
        },
        async abortMultipartUpload(file, { uploadId: upload }) {
            await post("abort/", { upload });
        },
    });
}
