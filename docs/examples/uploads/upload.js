/* Send a file straight to the storage, and resolve to the value that the API takes for it. */
export async function upload(file, { api, field, headers = {} }) {
    async function post(step, values) {
        const response = await fetch(new URL(step, api), {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: JSON.stringify(values),
        });
        const answer = response.status === 204 ? {} : await response.json();
        if (!response.ok) {
            throw Object.assign(new Error(answer.error), { code: answer.code });
        }
        return answer;
    }

    async function sendPart(upload, number, part) {
        const { urls } = await post("parts/", { upload, numbers: [number] });
        const response = await fetch(new URL(urls[number], api), { method: "PUT", body: part });
        if (!response.ok) {
            throw new Error(`Part ${number} was refused: ${response.status}`);
        }
    }

    const { name, size, type } = file;
    const { token } = await post("token/", { field });
    const { upload, part_size: partSize } = await post("", { token, name, size, type });
    try {
        for (let start = 0; start < size; start += partSize) {
            const part = file.slice(start, start + partSize);
            await sendPart(upload, start / partSize + 1, part);
        }
        const { value } = await post("complete/", { upload });
        return value;
    } catch (error) {
        await post("abort/", { upload }).catch(() => {});
        throw error;
    }
}
