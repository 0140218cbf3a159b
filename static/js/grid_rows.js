/* 预算表格的行：每格是哪一栏、现在是什么、录入了什么；一行的金额、一项的金额、小计与合计随录入而变。 */
(function () {
  "use strict";

  const table = document.getElementById("grid");
  if (!table) return;

  const sums = window.gridAmounts;
  const facts = JSON.parse(document.getElementById("grid-columns").textContent);
  const isOpen = table.classList.contains("is-open");
  const AMOUNT_LIMIT = BigInt(facts.limit);
  const BASE_LIMIT = AMOUNT_LIMIT * BigInt(100);
  const ZERO = BigInt(0);
  const NAME_CELL = { name: "name", label: "项目名称", kind: "text", byHand: true };
  const LABEL_CELL = facts.line[0];

  const methodOf = {};
  facts.methods.forEach((method) => {
    methodOf[method.label] = method.value;
  });
  const lineColumn = {};
  facts.line.forEach((column, index) => {
    column.cell = index + 1;
    lineColumn[column.name] = column;
  });
  const itemColumn = {};
  facts.item.forEach((column, index) => {
    column.cell = index + 1;
    itemColumn[column.name] = column;
  });
  /* 各种行的格在 15 列里占的起止列，用于上下移动时对齐 */
  const SPANS = {
    line: facts.line.map((column, index) => [index + 1, index + 1]),
    item: [[1, 1], [2, 3], [4, 5], [6, 7], [8, 10], [11, 11], [12, 12], [13, 13]],
  };

  function kindOf(tr) {
    if (tr.classList.contains("r-line")) return "line";
    if (tr.classList.contains("r-item")) return "item";
    if (tr.classList.contains("r-new")) return "new";
    if (tr.classList.contains("r-add")) return "add";
    return "";
  }

  /* 一行在页面上的状态。typed 录入而未保存的格；stopped 不再自动保存的缘由（有冲突、已被删除…）；其余属保存 */
  function stateOf(tr) {
    if (!tr.gridState) tr.gridState = { typed: {}, errors: {}, saving: false, again: false, timer: 0, stopped: "" };
    return tr.gridState;
  }

  function columnOf(td) {
    const tr = td.parentNode;
    const kind = kindOf(tr);
    if (kind === "line") return facts.line[td.cellIndex - 1] || null;
    if (kind === "item") return facts.item[td.cellIndex - 1] || null;
    if (td.cellIndex === 1 && kind === "new") return LABEL_CELL;
    if (td.cellIndex === 1 && kind === "add") return NAME_CELL;
    return null;
  }

  function cellOf(tr, name) {
    const kind = kindOf(tr);
    if (kind === "new" || kind === "add") return tr.cells[1];
    const column = kind === "line" ? lineColumn[name] : itemColumn[name];
    return column ? tr.cells[column.cell] : null;
  }

  function isEditable(td) {
    if (!isOpen) return false;
    const tr = td.parentNode;
    const kind = kindOf(tr);
    const column = columnOf(td);
    if (!column) return false;
    if (kind === "line") return column.methods.indexOf(tr.dataset.method) >= 0;
    if (kind === "item") return Boolean(column.byHand);
    return true;
  }

  /* 只换文字，不动正在编辑的输入框 */
  function setText(td, text) {
    const first = td.firstChild;
    if (first && first.nodeType === 3) {
      if (first.nodeValue !== text) first.nodeValue = text;
    } else {
      td.insertBefore(document.createTextNode(text), first);
    }
  }

  function textOf(td) {
    const first = td.firstChild;
    return first && first.nodeType === 3 ? first.nodeValue : "";
  }

  /* 编辑时看到的内容 */
  function rawOf(td) {
    const column = columnOf(td);
    const tr = td.parentNode;
    const typed = stateOf(tr).typed;
    if (column && kindOf(tr) === "line" && column.methods.length && column.methods.indexOf(tr.dataset.method) < 0 && column.name !== "amount") return "";
    if (column && Object.prototype.hasOwnProperty.call(typed, column.name)) return typed[column.name];
    return savedOf(td, column);
  }

  function savedOf(td, column) {
    if (td.dataset.saved !== undefined) return td.dataset.saved;
    if (td.dataset.source !== undefined) return td.dataset.source;
    const text = textOf(td);
    if (column && (column.kind === "amount" || column.kind === "count")) return text.replace(/,/g, "").replace(/\.00$/, "");
    return text;
  }

  function valueOf(tr, name) {
    const td = cellOf(tr, name);
    return td ? rawOf(td) : "";
  }

  function itemOf(tr) {
    return tr.parentNode.querySelector(".r-item");
  }

  function titleOf(tr) {
    const item = itemOf(tr);
    return item ? item.dataset.title : "";
  }

  function numberOf(tr) {
    return Array.from(tr.parentNode.querySelectorAll(".r-line")).indexOf(tr) + 1;
  }

  /* 读屏软件与提示里的格名：市级离退休劳模津贴 第1行 数量 */
  function nameOf(td) {
    const tr = td.parentNode;
    const kind = kindOf(tr);
    const column = columnOf(td);
    if (kind === "add") return "新项目 项目名称";
    if (kind === "new") return titleOf(tr) + " 新测算行 测算内容";
    if (!column) return titleOf(tr);
    return kind === "line" ? titleOf(tr) + " 第" + numberOf(tr) + "行 " + column.label : titleOf(tr) + " " + column.label;
  }

  /* ---- 一行的数 ---- */

  function read(tr, name, errors) {
    const column = lineColumn[name];
    const text = valueOf(tr, name);
    if (!text.trim()) return null;
    const method = tr.dataset.method;
    let found;
    if (column.kind === "count") found = sums.parseCount(text, column.label, facts.countLimit);
    else if (column.kind === "ratio") found = sums.parseRatio(text, column.label);
    else if (name === "price") found = sums.parseAmount(text, method === "base_ratio" ? "基数" : "标准", method === "base_ratio" ? BASE_LIMIT : AMOUNT_LIMIT);
    else found = sums.parseAmount(text, "金额", AMOUNT_LIMIT);
    if (found.error) {
      errors[name] = found.error;
      return null;
    }
    return found.value;
  }

  /* 金额（分，缺数时为 null）与每格的错误，规则与服务器相同 */
  function judge(tr) {
    const method = tr.dataset.method;
    const errors = {};
    let fen = null;
    if (method === "headcount" || method === "tiered") {
      const people = read(tr, "people", errors);
      const rate = read(tr, "price", errors);
      const part = read(tr, "of_which_people", errors);
      if (part !== null && !errors.people) {
        if (people === null) errors.of_which_people = "填写“其中”的数量前，请先填写“数量”。";
        else if (part > people) errors.of_which_people = "“其中”的数量 " + part + " 超过本行的数量 " + people + "。";
      }
      if (people !== null && rate !== null) fen = sums.product(people, rate);
    } else if (method === "base_ratio") {
      const base = read(tr, "price", errors);
      const ratio = read(tr, "ratio", errors);
      const part = read(tr, "share", errors);
      if (base !== null && ratio !== null && part !== null) fen = sums.share(base, ratio, part);
    } else {
      fen = read(tr, "amount", errors);
    }
    if (fen !== null && fen >= AMOUNT_LIMIT * BigInt(100)) {
      errors[method === "quota" || method === "actual" ? "amount" : "price"] = "一行测算的金额不能达到 100 亿元，请核对数量和标准。";
    }
    if (Object.keys(errors).length) fen = null;
    return { fen: fen, errors: errors };
  }

  function judgeItem(tr) {
    const errors = {};
    ["prior_amount", "control_amount"].forEach((name) => {
      const text = valueOf(tr, name);
      if (!cellOf(tr, name) || !text.trim()) return;
      const found = sums.parseAmount(text, itemColumn[name].label, AMOUNT_LIMIT);
      if (found.error) errors[name] = found.error;
    });
    if (!valueOf(tr, "name").trim()) errors.name = "“项目名称”不能为空。";
    return errors;
  }

  function amountOf(td) {
    const text = textOf(td).replace(/[,+]/g, "");
    if (!text) return null;
    const negative = text.charAt(0) === "-";
    const found = sums.parseAmount(negative ? text.slice(1) : text, "");
    if (found.error) return null;
    return negative ? -found.value : found.value;
  }

  /* 一格录入以后，这一行、这一项、小计与合计跟着变 */
  function recalculate(tr) {
    const kind = kindOf(tr);
    const state = stateOf(tr);
    if (kind === "line") {
      const verdict = judge(tr);
      state.errors = verdict.errors;
      const amount = cellOf(tr, "amount");
      if (!isEditable(amount) && !Object.keys(verdict.errors).length) setText(amount, verdict.fen === null ? "" : sums.format(verdict.fen));
      if (!Object.keys(verdict.errors).length) {
        setText(cellOf(tr, "wan"), verdict.fen === null ? "" : sums.formatWan(verdict.fen));
        state.fen = verdict.fen === null ? ZERO : verdict.fen;
      }
    } else if (kind === "item") {
      state.errors = judgeItem(tr);
    }
    paintErrors(tr);
    if (itemOf(tr)) totalItem(itemOf(tr));
    totalAll();
  }

  function lineFen(tr) {
    const state = stateOf(tr);
    if (state.fen === undefined) {
      const fen = amountOf(cellOf(tr, "amount"));
      state.fen = fen === null ? ZERO : fen;
    }
    return state.fen;
  }

  function itemFen(item) {
    const fen = amountOf(cellOf(item, "amount"));
    return fen === null ? ZERO : fen;
  }

  function priorFen(item) {
    const td = cellOf(item, "prior_amount");
    if (!td) return null;
    const text = rawOf(td);
    if (!text.trim()) return null;
    const found = sums.parseAmount(text, "");
    return found.error ? null : found.value;
  }

  function totalItem(item) {
    let fen = ZERO;
    item.parentNode.querySelectorAll(".r-line").forEach((tr) => {
      fen += lineFen(tr);
    });
    setText(cellOf(item, "amount"), sums.format(fen));
    setText(cellOf(item, "wan"), sums.formatWan(fen));
    const prior = priorFen(item);
    setText(cellOf(item, "change"), prior === null ? "" : sums.signed(fen - prior));
    if (itemColumn.change_rate) setText(cellOf(item, "change_rate"), prior === null ? "" : sums.rate(fen - prior, prior));
  }

  /* 小计、合计：有项目没有填上年预算数时，写明缺几项，不作增减比较；一项也没填时留空 */
  function totalAll() {
    const totals = {};
    const add = (key, fen, base) => {
      const sum = totals[key] || (totals[key] = { fen: ZERO, base: ZERO, known: 0, missing: 0 });
      sum.fen += fen;
      if (base === null) sum.missing += 1;
      else {
        sum.known += 1;
        sum.base += base;
      }
    };
    table.querySelectorAll(".b-item").forEach((body) => {
      const item = body.rows[0];
      const fen = itemFen(item);
      const prior = priorFen(item);
      add(body.dataset.group, fen, prior);
      add("total", fen, prior);
    });
    const gone = table.querySelector('[data-sum="gone"] [data-part="base"]');
    if (gone) add("total", ZERO, amountOf(gone));
    Array.from(table.tFoot.rows).forEach((row) => {
      const sum = totals[row.dataset.sum];
      if (!sum) return;
      const isComparable = sum.known > 0 && !sum.missing;
      paintSum(row, {
        amount: sums.format(sum.fen),
        wan: sums.formatWan(sum.fen),
        base: isComparable ? sums.format(sum.base) : sum.known ? "缺 " + sum.missing + " 项" : "",
        change: isComparable ? sums.signed(sum.fen - sum.base) : "",
      });
    });
  }

  function paintSum(row, texts) {
    row.querySelectorAll("[data-part]").forEach((td) => {
      const text = texts[td.dataset.part];
      if (td.textContent !== text) td.textContent = text;
    });
  }

  /* 换上服务器算的小计与合计，行也随之增减 */
  function showSums(rows) {
    const known = {};
    Array.from(table.tFoot.rows).forEach((row) => {
      known[row.dataset.sum] = row;
    });
    rows.forEach((sum, index) => {
      let row = known[sum.key];
      if (!row) {
        row = table.tFoot.rows[table.tFoot.rows.length - 1].cloneNode(true);
        row.className = "r-sum";
        row.dataset.sum = sum.key;
        row.cells[0].textContent = sum.label;
        table.tFoot.insertBefore(row, table.tFoot.rows[index]);
      }
      delete known[sum.key];
      paintSum(row, sum);
    });
    Object.keys(known).forEach((key) => known[key].remove());
  }

  /* ---- 记下录入 ---- */

  function paintErrors(tr) {
    const state = stateOf(tr);
    const kind = kindOf(tr);
    const columns = kind === "line" ? facts.line : kind === "item" ? facts.item : [];
    columns.forEach((column) => {
      const td = tr.cells[column.cell];
      td.classList.toggle("is-wrong", Boolean(state.errors[column.name]));
      td.classList.toggle("is-typed", Object.prototype.hasOwnProperty.call(state.typed, column.name));
    });
  }

  /* 录入后的显示：能读懂的数按格式排好 */
  function displayOf(column, text) {
    if (!text.trim()) return "";
    let found = null;
    if (column.kind === "count") found = sums.parseCount(text, "", facts.countLimit);
    if (column.kind === "amount") found = sums.parseAmount(text, "");
    if (column.kind === "ratio") found = sums.parseRatio(text, "");
    if (!found || found.error) return text;
    if (column.kind === "count") return sums.formatCount(found.value);
    if (column.kind === "ratio") return sums.formatRatio(found.value);
    return column.name === "price" ? sums.figure(found.value) : sums.format(found.value);
  }

  function keepSaved(td) {
    if (td.dataset.saved !== undefined) return;
    td.dataset.saved = savedOf(td, columnOf(td));
    td.dataset.shown = textOf(td);
  }

  function forgetSaved(td) {
    delete td.dataset.saved;
    delete td.dataset.shown;
  }

  function setTyped(tr, name, text) {
    const td = cellOf(tr, name);
    const column = columnOf(td);
    const state = stateOf(tr);
    keepSaved(td);
    if (text === td.dataset.saved) {
      delete state.typed[name];
      setText(td, td.dataset.shown);
      forgetSaved(td);
    } else {
      state.typed[name] = text;
      setText(td, displayOf(column, text));
    }
    if (name === "method") setMethod(tr, text);
    recalculate(tr);
  }

  function isFixed(method) {
    return method === "quota" || method === "actual";
  }

  /* 换测算方式：不用的格不再录入；改成定额、据实时，原来算出的金额留作录入的金额 */
  function setMethod(tr, label) {
    const value = methodOf[label];
    if (!value || tr.dataset.method === value) return;
    const state = stateOf(tr);
    const amount = cellOf(tr, "amount");
    const before = savedOf(amount, lineColumn.amount);
    if (tr.dataset.was === undefined) tr.dataset.was = tr.dataset.method;
    keepSaved(amount);
    tr.dataset.method = value;
    facts.line.forEach((column) => {
      if (column.methods.indexOf(value) >= 0 || !column.methods.length) return;
      const td = tr.cells[column.cell];
      delete state.typed[column.name];
      if (td.dataset.shown !== undefined && column.name !== "amount") {
        setText(td, td.dataset.shown);
        forgetSaved(td);
      }
    });
    if (!isFixed(value) && !isFixed(tr.dataset.was)) forgetSaved(amount);
    if (isFixed(value) && state.typed.amount === undefined) {
      if (isFixed(tr.dataset.was)) {
        setText(amount, amount.dataset.shown);
      } else {
        amount.dataset.saved = "";
        amount.dataset.shown = "";
        if (before) {
          state.typed.amount = before;
          setText(amount, displayOf(lineColumn.amount, before));
        }
      }
    }
  }

  /* 服务器的回答写回一行。sent：这次送去的格；还在改的格不动。 */
  function settle(tr, fresh, sent) {
    const state = stateOf(tr);
    const kind = kindOf(tr);
    const names = Object.keys(fresh.cells);
    tr.dataset.version = fresh.version;
    if (fresh.id) {
      tr.dataset.id = fresh.id;
      tr.id = kind + "-" + fresh.id;
    }
    if (fresh.method && state.typed.method === undefined) tr.dataset.method = fresh.method;
    if (fresh.method) tr.dataset.was = fresh.method;
    if (fresh.title) tr.dataset.title = fresh.title;
    Object.keys(sent).forEach((name) => {
      if (state.typed[name] === sent[name]) delete state.typed[name];
    });
    names.forEach((name) => {
      const td = cellOf(tr, name);
      if (!td || name === "state") return;
      const typed = Object.prototype.hasOwnProperty.call(state.typed, name);
      if (fresh.sources && fresh.sources[name]) td.dataset.source = fresh.sources[name];
      else delete td.dataset.source;
      forgetSaved(td);
      if (typed) {
        const text = state.typed[name];
        setText(td, fresh.cells[name]);
        keepSaved(td);
        setText(td, displayOf(columnOf(td), text));
      } else {
        setText(td, fresh.cells[name]);
      }
    });
    state.fen = undefined;
    if (fresh.marks) showMarks(tr, fresh.marks);
    if (fresh.sentence !== undefined) {
      const words = tr.parentNode.querySelector(".sentence__text");
      words.textContent = fresh.sentence;
      words.title = fresh.sentence;
    }
    state.errors = Object.keys(state.typed).length ? (kind === "line" ? judge(tr).errors : judgeItem(tr)) : {};
    paintErrors(tr);
  }

  function showMarks(tr, marks) {
    const td = cellOf(tr, "state");
    const text = marks.map((mark) => mark.text).join("\u0000");
    if (td.dataset.marks === text) return;
    td.dataset.marks = text;
    td.textContent = "";
    marks.forEach((mark) => {
      const span = document.createElement("span");
      span.className = "mark mark--" + mark.tone;
      span.title = mark.title;
      span.textContent = mark.text;
      td.appendChild(span);
    });
  }

  function renumber(body) {
    body.querySelectorAll(".r-line").forEach((tr, index) => {
      tr.cells[0].textContent = String(index + 1);
    });
  }

  function renumberItems(group) {
    const bodies = table.querySelectorAll('.b-item[data-group="' + group + '"]');
    bodies.forEach((body, index) => {
      body.rows[0].cells[0].textContent = String(index + 1);
    });
    const head = table.querySelector('.b-group[data-group="' + group + '"] .group-count');
    if (!head) return;
    head.textContent = bodies.length + " 项";
    const body = head.closest("tbody");
    const add = table.querySelector('.b-add[data-group="' + group + '"]');
    body.classList.toggle("is-empty", !bodies.length);
    if (add) add.rows[0].cells[2].textContent = bodies.length ? "" : body.rows[0].cells[0].textContent;
  }

  window.grid = {
    table: table,
    box: document.getElementById("grid-box"),
    facts: facts,
    isOpen: isOpen,
    SPANS: SPANS,
    kindOf: kindOf,
    stateOf: stateOf,
    columnOf: columnOf,
    cellOf: cellOf,
    isEditable: isEditable,
    methodOf: methodOf,
    displayOf: displayOf,
    textOf: textOf,
    rawOf: rawOf,
    savedOf: (td) => savedOf(td, columnOf(td)),
    valueOf: valueOf,
    itemOf: itemOf,
    titleOf: titleOf,
    numberOf: numberOf,
    nameOf: nameOf,
    recalculate: recalculate,
    totalItem: totalItem,
    totalAll: totalAll,
    showSums: showSums,
    paintErrors: paintErrors,
    setTyped: setTyped,
    settle: settle,
    renumber: renumber,
    renumberItems: renumberItems,
    announce: (text) => {
      document.getElementById("grid-live").textContent = text;
    },
  };
})();
