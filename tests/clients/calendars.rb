# ruby-icalendar computes hours by the VTIMEZONE components of a file, which it reads in the order of the file. The hours
# that it finds in the calendar of all sessions have to be those of the JSON.

require "icalendar"
require "json"
require "net/http"
require "stringio"

BASE = ARGV.fetch(0)

def ask(kind, path, token: nil, body: nil)
  uri = URI(path.start_with?("http") ? path : BASE + path)
  request = Net::HTTP.const_get(kind).new(uri)
  request["Authorization"] = "Bearer #{token}" if token
  request["Content-Type"] = "application/json" if body
  request.body = JSON.generate(body) if body
  answer = Net::HTTP.start(uri.host, uri.port) { |http| http.request(request) }
  raise "#{kind} #{path}: #{answer.code} #{answer.body}" unless answer.is_a?(Net::HTTPSuccess)
  answer.body
end

account = { email: "coordinator@demo.example", password: "demo-partnerships" }
token = JSON.parse(ask(:Post, "/api/v1/auth/token", body: account))["access_token"]

# Sessions before and after each change of the clocks, in the zones of both partners and in one without such changes.
year = Time.now.year + 1
zones = %w[Europe/Berlin Europe/Kyiv Africa/Lusaka America/New_York]
days = [year, year + 1].flat_map { |it| (1..12).flat_map { |month| [1, 28].map { |day| Time.utc(it, month, day) } } }
days.each_with_index do |day, index|
  session = {
    title: "Hours #{index}", kind: "exchange", starts_on: day.strftime("%F"), start_time: "00:30", end_time: "23:15",
    time_zone: zones[index % zones.size], visibility: "internal"
  }
  ask(:Post, "/api/v1/sessions", token: token, body: session)
end

expected = {}
path = "/api/v1/sessions?limit=100"
while path
  page = JSON.parse(ask(:Get, path, token: token))
  page["items"].each { |it| expected[it["id"]] = it.values_at("starts_at", "ends_at") if it["start_time"] }
  path = page["next"]
end

calendar = Icalendar::Calendar.parse(ask(:Get, "/api/v1/sessions?format=ics", token: token).force_encoding("UTF-8")).first
found = calendar.events.reject { |event| event.dtstart.is_a?(Icalendar::Values::Date) }
raise "#{found.size} events, #{expected.size} sessions" unless found.size == expected.size && found.size > days.size

microseconds = "%Y-%m-%dT%H:%M:%S.%6NZ"
wrong = found.map do |event|
  hours = [event.dtstart, event.dtend].map { |at| at.to_time.utc.strftime(microseconds) }
  wanted = expected.fetch(event.uid.split("@").first)
  "#{event.summary} #{event.dtstart.ical_params}: #{hours}, expected #{wanted}" unless hours == wanted
end.compact
raise wrong.join("\n") unless wrong.empty?
puts "#{found.size} events with the right hours read by ruby-icalendar #{Icalendar::VERSION}"
