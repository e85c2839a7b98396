const url = "http://localhost:8080/api/v1/events?resource=organisation";
let last = ""; // keep it, to resume after a restart
export {};
for (;;) {
  try {
    const headers: Record<string, string> = last ? { "Last-Event-ID": last } : {};
    const response = await fetch(url, { headers }); // with Authorization: `Bearer ${key}`, if you have an API key
    if (response.status === 410) throw new Error("read the lists again");
    let text = "";
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + part).split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field("data");
        if (data) {
          const it = JSON.parse(data);
          console.log(it.action, it.slug);
        } else if (!last) console.log("following");
        last = field("id") ?? last;
      }
    }
  } catch (error) {
    console.error(`${error}`); // the server restarts, for example
  }
  await new Promise((resolve) => setTimeout(resolve, 3000));
}
