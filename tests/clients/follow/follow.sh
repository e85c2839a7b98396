api=http://localhost:8080/api/v1
# A copy of the list, and the token from which to follow it.
since=$(curl -s -D - -o organisations.ndjson "$api/organisations?format=ndjson" | sed -n 's/^change-token: \(.*\)\r/\1/p')
# What has changed since then: run it again with the `since` of the response.
curl -s "$api/changes?since=$since&resource=organisation"
# The same as a stream, which stays open.
curl -sN "$api/events?since=$since&resource=organisation&state=false"
