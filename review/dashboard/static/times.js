// Times in the reader's own zone and language; the exact instant stays in the tooltip.
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const sameDay = (a, b) => a.toDateString() === b.toDateString();

let before = null;
for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  time.title = time.dateTime;
  const follows = before && time.closest(".facts, .conversation") && sameDay(before, moment);
  time.textContent = (follows ? clock : short).format(moment);
  before = moment;
}
