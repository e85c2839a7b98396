// npm install openapi-fetch
// npx openapi-typescript http://localhost:8080/openapi.json --output partnerships.ts
import createClient from "openapi-fetch";
import type { paths } from "./partnerships";

type Json = "application/json" | "application/problem+json";
const api = createClient<paths, Json>({ baseUrl: "http://localhost:8080" });
const { data, error } = await api.GET("/api/v1/partnerships", {
  params: { query: { country: ["ZM"], status: ["active"] } },
});
if (error) throw new Error(`${error.code}: ${error.detail}`);
for (const it of data.items) console.log(it.start ?? "unknown", it.title);
