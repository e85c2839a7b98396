import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.SECRET);
createServer(async (request, response) => {
  const body = (await request.toArray()).join("");
  try {
    const { type, data } = webhook.verify(body, request.headers);
    console.log(type, data.resource_id ?? "");
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end();
  }
}).listen(Number(process.env.PORT));
