// The browser of misses. Words of the data reach the page as text only, never as HTML.
"use strict";
(() => {
  const { texts, depth, sets } = JSON.parse(document.getElementById("data").textContent);
  const form = document.getElementById("filters");
  const list = document.getElementById("list");
  const detail = document.getElementById("detail");
  const PAGE = 100;
  const PART_COLOURS = ["other-0", "other-4", "other-1", "other-6", "other-3", "other-2", "other-5", "other-8", "other-9", "other-7", "other-10", "other-11", "other-12", "other-13"];
  const STATES = {
    missing: (question) => question.found < question.of,
    none: (question) => question.of > 0 && question.found === 0,
    found: (question) => question.of > 0 && question.found === question.of,
    without: (question) => question.of === 0,
    all: () => true,
  };
  let shown = PAGE;

  // element("p.note", "text", child): a tag with its classes, and what is in it.
  function element(description, ...children) {
    const [tag, ...classes] = description.split(".");
    const made = document.createElement(tag);
    made.classList.add(...classes);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function link(description, address, ...children) {
    const made = element(description, ...children);
    made.href = address;
    return made;
  }

  const questions = sets.flatMap((set, number) =>
    set.questions.map((question, place) => ({
      ...question,
      set,
      place,
      address: `#q/${number}/${encodeURIComponent(question.id)}`,
      // Gold that never came is worse than any rank; a question without gold is no miss at all.
      badness: question.of === 0 ? 0 : question.worst ?? Infinity,
      words: [question.id, question.text, question.answer, ...question.gold.map((gold) => gold.key)]
        .filter(Boolean).join("\n").toLowerCase(),
    })));

  function fill(name, everything, values) {
    const select = form.elements[name];
    const before = select.value;
    const options = values.map((value) => new Option(value || "(none)", `=${value}`));
    select.replaceChildren(new Option(everything, ""), ...options);
    select.value = [...select.options].some((option) => option.value === before) ? before : "";
  }

  function fillCategories() {
    const inSet = questions.filter((question) => chosen("set", question.set.name));
    fill("category", "all", [...new Set(inSet.map((question) => question.category))].sort());
  }

  function chosen(name, value) {
    const wanted = form.elements[name].value;
    return !wanted || wanted === `=${value}`;
  }

  function matching() {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = STATES[form.elements.state.value];
    const found = questions.filter((question) =>
      chosen("set", question.set.name) && chosen("category", question.category) && state(question) &&
      words.every((word) => question.words.includes(word)));
    if (form.elements.order.value === "worst") {
      found.sort((a, b) =>
        (b.badness === a.badness ? 0 : b.badness - a.badness) || a.found / a.of - b.found / b.of || a.place - b.place);
    }
    return found;
  }

  function rankOf(rank) {
    return rank === undefined || rank === null ? "–" : String(rank);
  }

  function row(question) {
    const complete = question.of > 0 && question.found === question.of;
    const rank = element(complete ? "span.rank.found" : "span.rank",
      question.of === 0 ? "" : rankOf(question.worst),
      element("small", question.of === 0 ? "no gold" : `${question.found} of ${question.of}`));
    rank.title = `Worst rank of its gold; ${question.found} of ${question.of} within the first ${depth}`;
    const made = link("a", question.address, rank,
      element("span.text", question.text ?? question.id),
      element("span.about", [question.id, question.category, sets.length > 1 ? question.set.name : ""].filter(Boolean).join(" · ")));
    if (question.address === location.hash) made.setAttribute("aria-current", "true");
    return made;
  }

  function showList() {
    const found = matching();
    document.getElementById("count").textContent =
      `${found.length.toLocaleString("en")} of ${questions.length.toLocaleString("en")} questions`;
    list.replaceChildren(...found.slice(0, shown).map(row));
    if (found.length === 0) list.append(element("p.empty", "No question fits these filters."));
    if (found.length > shown) {
      const more = element("button", `Show more (${(found.length - shown).toLocaleString("en")})`);
      more.type = "button";
      more.addEventListener("click", () => { shown += PAGE; showList(); });
      list.append(more);
    }
  }

  function recordLine(record, key, ...marks) {
    const who = element("div.who", ...marks);
    if (record?.speaker) who.append(element("b", record.speaker), " · ");
    who.append([record?.date, record?.source, record?.key ?? key].filter(Boolean).join(" · "));
    return who;
  }

  function recordText(record) {
    if (!texts) return null;
    return record
      ? element("p.text", record.text)
      : element("p.text.about", "This names no single record of the data.");
  }

  function goldItem(set, gold) {
    const record = gold.record === undefined ? undefined : set.records[gold.record];
    const found = gold.rank !== undefined && gold.rank <= depth;
    return element(found ? "li.gold" : "li.lost",
      element("span.rank", rankOf(gold.rank)),
      element("div", recordLine(record, gold.key), recordText(record)));
  }

  function scoreParts(set, recalled, best) {
    const bar = element("div.bar");
    const numbers = element("p.parts", element("span", "score ", element("b", recalled.score.toFixed(3))));
    if (recalled.relevance) {
      numbers.append(element("span.relevance", "relevance ", element("b", recalled.relevance.toFixed(3))));
    }
    recalled.parts.forEach((part, index) => {
      if (!part) return;
      const colour = `var(--${PART_COLOURS[index % PART_COLOURS.length]})`;
      const segment = element("span");
      segment.style.background = colour;
      segment.style.width = `${(100 * Math.max(part, 0)) / best}%`;
      segment.title = `${set.parts[index]} ${part.toFixed(3)}`;
      bar.append(segment);
      const swatch = element("i");
      swatch.style.background = colour;
      numbers.append(element("span", swatch, `${set.parts[index]} `, element("b", part.toFixed(3))));
    });
    return bar.children.length ? [bar, numbers] : [numbers];
  }

  function topItem(question, recalled, index, best) {
    const record = question.set.records[recalled.record];
    const isGold = question.gold.some((gold) => gold.record === recalled.record || gold.key === record.source);
    return element(isGold ? "li.gold" : "li",
      element("span.rank", String(index + 1)),
      element("div",
        recordLine(record, "", isGold ? element("span.mark", "✓ gold · ") : null),
        recordText(record), ...scoreParts(question.set, recalled, best)));
  }

  function showQuestion(question) {
    const { set } = question;
    const heading = element("h3", question.text ?? question.id);
    heading.tabIndex = -1;
    const about = [question.id, question.category, set.name, question.asked && `asked ${question.asked}`];
    const parts = [
      link("a.back", "#misses", "← all questions"), heading,
      element("p.about", about.filter(Boolean).join(" · ")),
    ];
    if (question.answer) parts.push(element("p.about", "Answer: ", element("b", question.answer)));
    if (question.of) {
      parts.push(element("h4", `Gold, with its rank in ${set.system}`),
        element("ul.found-list", ...question.gold.map((gold) => goldItem(set, gold))));
      const rest = question.of - question.gold.length;
      if (rest > 0) parts.push(element("p.about", `and ${rest} more`));
      parts.push(element("h4", "Rank of the first gold, by system"),
        element("ul.chips", ...set.systems.map((system, index) =>
          element(system === set.system ? "li.own" : "li", `${system} ${rankOf(question.first[index])}`))));
    } else {
      parts.push(element("p.about", "The data has no gold for this question."));
    }
    const best = Math.max(...question.top.map((recalled) =>
      recalled.parts.reduce((sum, part) => sum + Math.max(part, 0), 0)), 1e-9);
    parts.push(element("h4", "What came"),
      question.top.length
        ? element("ol.found-list", ...question.top.map((recalled, index) => topItem(question, recalled, index, best)))
        : element("p.about", "Nothing came back."));
    detail.replaceChildren(...parts);
    detail.scrollTop = 0;
    return heading;
  }

  function follow() {
    const question = questions.find((each) => each.address === location.hash);
    document.body.classList.toggle("reading", Boolean(question));
    if (question) {
      const heading = showQuestion(question);
      heading.focus({ preventScroll: true });
      const box = detail.getBoundingClientRect();
      if (box.top < 0 || box.top > innerHeight * 0.7) detail.scrollIntoView({ block: "start" });
    } else {
      detail.replaceChildren();
    }
    showList();
  }

  fill("set", "all", sets.map((set) => set.name));
  fillCategories();
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    shown = PAGE;
    if (event.target.name === "set") fillCategories();
    showList();
  });
  addEventListener("hashchange", follow);
  follow();
})();
