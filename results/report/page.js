"use strict";
// Tables can be sorted, and what a part of a figure stands for is shown at the pointer. The page is whole without.
(() => {
  const words = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("sup, small").forEach((aside) => aside.remove());
    return copy.textContent.trim();
  };
  const value = (cell) => {
    const found = words(cell).replace("\u2212", "-").replaceAll("\u202f", "").match(/^[-+]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null; // a dash has no value, and stands last either way
  };

  // Each body row with its group's heading, so that rows of unlike groups can stand side by side.
  const rowsOf = (table) => [...table.tBodies].flatMap((body) => {
    const heading = body.querySelector("th[rowspan]");
    return [...body.rows].map((row) => {
      const copy = row.cloneNode(true);
      if (heading) {
        copy.querySelector("th[rowspan]")?.remove();
        const own = heading.cloneNode(true);
        own.rowSpan = 1;
        own.scope = "row";
        copy.prepend(own);
      }
      return copy;
    });
  });

  const compare = (index, isNumber, sign) => (a, b) => {
    const [first, second] = [a.cells[index], b.cells[index]].map(isNumber ? value : words);
    if (first === null || second === null) return (first === null) - (second === null);
    return sign * (isNumber ? first - second : first.localeCompare(second, "en", { numeric: true }));
  };

  const sortable = (table) => {
    const original = [...table.tBodies];
    const heads = [...(table.tHead?.rows[table.tHead.rows.length - 1].cells ?? [])];
    if (original.reduce((count, body) => count + body.rows.length, 0) < 2) return;
    const rows = rowsOf(table);
    heads.forEach((head, index) => {
      const isNumber = rows.some((row) => row.cells[index]?.classList.contains("number"));
      if (isNumber) head.classList.add("number");
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      const order = isNumber ? ["descending", "ascending"] : ["ascending", "descending"];
      button.addEventListener("click", () => {
        const next = order[order.indexOf(head.getAttribute("aria-sort")) + 1];
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        while (table.tBodies.length) table.tBodies[0].remove();
        if (next === undefined) {
          table.append(...original);
          return;
        }
        head.setAttribute("aria-sort", next);
        const body = table.createTBody();
        body.append(...[...rows].sort(compare(index, isNumber, next === "ascending" ? 1 : -1)));
      });
    });
  };

  const footnotes = (section) => {
    const notes = new Map();
    section.querySelectorAll(".notes sup").forEach((sign) => {
      notes.set(sign.textContent, (sign.nextSibling?.textContent ?? "").trim());
    });
    section.querySelectorAll("td sup").forEach((sign) => {
      const found = sign.textContent.replace("†", "").split(",").map((number) => notes.get(number)).filter(Boolean);
      if (found.length) sign.dataset.tip = found.join("\n");
    });
  };

  const tips = () => {
    const tip = document.createElement("div");
    tip.id = "tip";
    tip.role = "tooltip";
    tip.hidden = true;
    document.body.append(tip);
    document.querySelectorAll("svg .tip > title").forEach((title) => {
      title.parentNode.dataset.tip = title.textContent;
      title.remove(); // or the browser would show it too
    });
    let [x, y] = [0, 0];
    const show = () => {
      const part = document.elementFromPoint(x, y)?.closest("[data-tip]") ?? null;
      tip.hidden = part === null;
      if (part === null) return;
      if (tip.textContent !== part.dataset.tip) tip.textContent = part.dataset.tip;
      const [width, height] = [tip.offsetWidth, tip.offsetHeight];
      tip.style.left = `${Math.max(Math.min(x + 14, innerWidth - width - 8), 8)}px`;
      tip.style.top = `${y + 16 + height > innerHeight - 8 ? y - height - 10 : y + 16}px`;
    };
    const follow = (event) => {
      [x, y] = [event.clientX, event.clientY];
      show();
    };
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerdown", follow);
    document.addEventListener("scroll", show, { capture: true, passive: true }); // something else is under the pointer
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  };

  document.querySelectorAll(".sweep-table").forEach(footnotes);
  document.querySelectorAll("table").forEach(sortable);
  tips();
})();
