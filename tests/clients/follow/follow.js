// In a page, signed in with an access token: a new ticket for each connection.
async function follow(token, since = "") {
  const again = () => setTimeout(() => follow(token, since), 3000);
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch("/api/v1/events/tickets", { method: "POST", headers }).catch(() => null);
  if (!answer?.ok) return again(); // offline, or the access token has to be refreshed
  const { ticket } = await answer.json();
  const events = new EventSource(`/api/v1/events?ticket=${ticket}${since && `&since=${since}`}`);
  events.addEventListener("change", (event) => {
    since = event.lastEventId;
    const { action, resource, slug } = JSON.parse(event.data);
    document.body.append(`${action} ${resource} ${slug}\n`);
  });
  events.addEventListener("error", () => {
    events.close();
    again();
  });
}
