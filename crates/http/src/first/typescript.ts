// npm install openapi-fetch
// npx openapi-typescript http://localhost:8080/openapi.json --output partnerships.ts
import createClient from "openapi-fetch";
import type { paths } from "./partnerships";

const api = createClient<paths, "application/json">({ baseUrl: "http://localhost:8080" });
const { data } = await api.GET("/api/v1/partnerships", {
  params: { query: { country: ["ZM"], status: ["active"] } },
});
for (const it of data?.items ?? []) console.log(it.start ?? "unknown", it.title);
