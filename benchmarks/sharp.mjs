// The least that a server on sharp can be: /300x200/NAME of a file below a folder or a URL.
// node sharp.mjs PORT ORIGIN
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import sharp from "sharp";

const [port, origin] = process.argv.slice(2);

async function read(name) {
  if (!origin.startsWith("http")) return readFile(origin + name);
  const answer = await fetch(origin + name);
  return Buffer.from(await answer.arrayBuffer());
}

const server = createServer(async (request, response) => {
  const match = request.url.match(/^\/(\d+)x(\d+)\/([\w./-]+)$/);
  if (!match) return response.writeHead(404).end();
  const [width, height] = [Number(match[1]), Number(match[2])];
  const image = sharp(await read(match[3])).rotate().resize(width, height, { fit: "cover" });
  const data = await image.jpeg({ quality: 80 }).toBuffer();
  response.writeHead(200, { "Content-Type": "image/jpeg" }).end(data);
});
server.listen(Number(port), "127.0.0.1");
