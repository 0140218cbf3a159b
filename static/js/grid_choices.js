/* 有选项的格（测算方式、分成口径）：F2、空格或点击打开，数字键直接选。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const list = document.getElementById("grid-choices");
  let options = [];
  let at = -1;

  function optionsOf(td) {
    const column = grid.columnOf(td);
    if (!column) return [];
    if (column.kind === "method") return grid.facts.methods.map((option) => option.label);
    if (column.kind === "share_basis") return grid.facts.shares.map((option) => option.label);
    return [];
  }

  function isOpen() {
    return !list.hidden;
  }

  function open(wanted) {
    if (!wanted) {
      close();
      return;
    }
    const td = grid.active();
    options = optionsOf(td);
    if (!options.length) return;
    list.textContent = "";
    options.forEach((label, index) => {
      const li = document.createElement("li");
      li.id = "grid-choice-" + index;
      li.setAttribute("role", "option");
      const kbd = document.createElement("kbd");
      kbd.textContent = String(index + 1);
      li.appendChild(kbd);
      li.appendChild(document.createTextNode(label));
      li.addEventListener("mousedown", (event) => {
        event.preventDefault();
        choose(index);
      });
      li.addEventListener("mousemove", () => mark(index));
      list.appendChild(li);
    });
    list.hidden = false;
    grid.editor.setAttribute("aria-expanded", "true");
    grid.place(list, td);
    mark(Math.max(0, options.indexOf(grid.editor.value)));
  }

  function close() {
    list.hidden = true;
    if (grid.editor.hasAttribute("aria-expanded")) grid.editor.setAttribute("aria-expanded", "false");
    grid.editor.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    at = index;
    Array.from(list.children).forEach((li, place) => li.setAttribute("aria-selected", String(place === index)));
    grid.editor.setAttribute("aria-activedescendant", "grid-choice-" + index);
  }

  function choose(index) {
    close();
    grid.setChoice(options[index]);
  }

  /* 打开时的按键；返回是否已处理 */
  function key(event) {
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 };
    if (moves[event.key] !== undefined) mark((moves[event.key] + options.length) % options.length);
    else if (event.key === "Enter" || event.key === " ") choose(at);
    else if (event.key === "Escape") close();
    else if (/^[1-9]$/.test(event.key) && options[event.key - 1]) choose(event.key - 1);
    else if (event.key === "Tab") {
      choose(at);
      return false;
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /* 没打开时：数字直接选，空格打开 */
  function byKey(character) {
    options = optionsOf(grid.active());
    if (/^[1-9]$/.test(character) && options[character - 1]) {
      choose(character - 1);
      return true;
    }
    if (character === " ") {
      open(true);
      return true;
    }
    return false;
  }

  grid.on("activate", close);
  grid.editor.addEventListener("blur", close);
  grid.box.addEventListener("scroll", close);

  grid.openChoices = open;
  grid.choicesOpen = isOpen;
  grid.choiceKey = key;
  grid.chooseByKey = byKey;
})();
