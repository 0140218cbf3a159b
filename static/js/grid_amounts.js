/* 预算表格的算术：只用整数（BigInt）。金额以分计，比例以百万分之一计；四舍五入与服务器相同（ROUND_HALF_UP）。 */
(function () {
  "use strict";

  const ZERO = BigInt(0);
  const ONE = BigInt(1);
  const TEN = BigInt(10);
  const MOST_DIGITS = 12;
  const LONGEST = 40;
  const CHINESE_FIGURES = /^[〇零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟元圆角分整点]+$/;

  function power(exponent) {
    let value = ONE;
    for (let i = 0; i < exponent; i += 1) value *= TEN;
    return value;
  }

  /* 全角转半角，去掉空格和看不见的符号 */
  function normal(text) {
    return String(text)
      .replace(/[\uff01-\uff5e]/g, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0))
      .replace(/\uffe5/g, "¥")
      .replace(/[\u2010-\u2015\u2212\ufe63]/g, "-")
      .replace(/\u3002/g, ".")
      .replace(/[\s\u3000\u00a0\u00ad\u200b-\u200f\u2060\ufeff]/g, "");
  }

  function shown(text) {
    const trimmed = String(text).trim();
    return trimmed.length <= 20 ? trimmed : trimmed.slice(0, 20) + "…";
  }

  function fault(message) {
    return { error: message };
  }

  /* 一个数：{ digits, scale }，值为 digits ÷ 10^scale */
  function decimal(body, label, example) {
    const matched = body.length <= LONGEST ? /^([-+]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.([0-9]*))?$/.exec(body) : null;
    if (!matched || !(matched[2] || matched[3])) {
      return fault("“" + label + "”应填写数字，例如 " + example + "；“" + shown(body) + "”不是数字。");
    }
    const whole = (matched[2] || "0").replace(/,/g, "").replace(/^0+(?=.)/, "");
    const part = (matched[3] || "").replace(/0+$/, "");
    if (whole.length > MOST_DIGITS || part.length > MOST_DIGITS) {
      return fault("“" + label + "”的数字太长：“" + shown(body) + "”。");
    }
    const digits = BigInt(whole + part);
    return { digits: matched[1] === "-" ? -digits : digits, scale: part.length };
  }

  /* 换到另一位数；除不尽时返回 null */
  function rescale(number, scale) {
    if (number.scale <= scale) return number.digits * power(scale - number.scale);
    const divisor = power(number.scale - scale);
    return number.digits % divisor === ZERO ? number.digits / divisor : null;
  }

  /* 金额 → 分。limit 以元计。 */
  function parseAmount(text, label, limit) {
    const cleaned = normal(text);
    if (!cleaned) return fault("“" + label + "”没有填写。");
    if (cleaned === "-") return { value: ZERO };
    const bracketed = /^\(([^-+()]+)\)(万元|万|元|分)?$/.exec(cleaned);
    const matched = /^¥?(.*?)(万元|万|元|分)?$/.exec(bracketed ? "-" + bracketed[1] + (bracketed[2] || "") : cleaned);
    let body = matched[1];
    if (body.indexOf("-¥") === 0) body = "-" + body.slice(2);
    if (CHINESE_FIGURES.test(body)) return fault("“" + label + "”请用数字填写，例如 200000 或 20万。");
    const number = decimal(body, label, "222,800.50 或 22.28万");
    if (number.error) return number;
    if (matched[2] === "万" || matched[2] === "万元") number.digits *= power(4);
    if (matched[2] === "分") number.scale += 2;
    if (number.digits < ZERO) return fault("“" + label + "”不能是负数。");
    const fen = rescale(number, 2);
    if (fen === null) return fault("“" + label + "”最多精确到分（两位小数），填写的是“" + shown(text) + "”。");
    if (limit !== undefined && fen >= limit * BigInt(100)) return fault("“" + label + "”必须小于 " + String(limit) + " 元。");
    return { value: fen };
  }

  function parseCount(text, label, limit) {
    const cleaned = normal(text);
    if (!cleaned) return fault("“" + label + "”没有填写。");
    const number = decimal(cleaned, label, "557");
    if (number.error) return number;
    if (number.digits < ZERO) return fault("“" + label + "”不能是负数。");
    const count = rescale(number, 0);
    if (count === null) return fault("“" + label + "”应填写整数，填写的是“" + shown(text) + "”。");
    if (count > BigInt(limit)) return fault("“" + label + "”不能超过 " + grouped(String(limit)) + "。");
    return { value: count };
  }

  /* 比例 → 百万分之一 */
  function parseRatio(text, label) {
    const cleaned = normal(text);
    if (!cleaned) return fault("“" + label + "”没有填写。");
    const isPercent = /%$/.test(cleaned);
    const number = decimal(cleaned.replace(/%$/, ""), label, "40% 或 0.4");
    if (number.error) return number;
    if (isPercent) number.scale += 2;
    if (number.digits < ZERO) return fault("“" + label + "”不能是负数。");
    if (number.digits > power(number.scale)) {
      const rule = isPercent ? "不能超过 100%" : "应填写百分数（如 40%）或不大于 1 的小数（如 0.4）";
      return fault("“" + label + "”" + rule + "，填写的是“" + shown(text) + "”。");
    }
    const millionths = rescale(number, 6);
    if (millionths === null) return fault("“" + label + "”最多四位小数的百分数，填写的是“" + shown(text) + "”。");
    if (millionths === ZERO) return fault("“" + label + "”必须大于 0、不超过 100%。");
    return { value: millionths };
  }

  /* 四舍五入（绝对值的半数进位） */
  function divide(number, divisor) {
    const negative = number < ZERO;
    const size = negative ? -number : number;
    const rounded = (size * BigInt(2) + divisor) / (divisor * BigInt(2));
    return negative ? -rounded : rounded;
  }

  function product(count, rateFen) {
    return count * rateFen;
  }

  function share(baseFen, ratio, part) {
    return divide(baseFen * ratio * part, power(12));
  }

  /* 分 → 万元的百分之一 */
  function wan(fen) {
    return divide(fen, power(4));
  }

  function grouped(digits) {
    return digits.replace(/\B(?=([0-9]{3})+(?![0-9]))/g, ",");
  }

  function hundredths(value) {
    const negative = value < ZERO;
    const digits = String(negative ? -value : value);
    const padded = digits.length < 3 ? "000".slice(digits.length) + digits : digits;
    const whole = padded.slice(0, -2);
    return (negative ? "-" : "") + grouped(whole) + "." + padded.slice(-2);
  }

  function format(fen) {
    return hundredths(fen);
  }

  /* 1,500 或 1,500.50 */
  function figure(fen) {
    return format(fen).replace(/\.00$/, "");
  }

  function formatWan(fen) {
    return hundredths(wan(fen));
  }

  function signed(fen) {
    return (fen > ZERO ? "+" : "") + format(fen);
  }

  /* 增减率，一位小数；基数为零的没有比率，是新增 */
  function rate(change, base) {
    if (base === ZERO) return change > ZERO ? "新增" : "";
    const negativeBase = base < ZERO;
    const tenths = divide((negativeBase ? -change : change) * BigInt(1000), negativeBase ? -base : base);
    const negative = tenths < ZERO;
    const digits = String(negative ? -tenths : tenths);
    const padded = digits.length < 2 ? "0" + digits : digits;
    const sign = negative ? "-" : tenths > ZERO ? "+" : "";
    return sign + padded.slice(0, -1) + "." + padded.slice(-1) + "%";
  }

  /* 2% */
  function formatRatio(millionths) {
    const digits = String(millionths);
    const padded = digits.length < 5 ? "00000".slice(digits.length) + digits : digits;
    const part = padded.slice(-4).replace(/0+$/, "");
    return padded.slice(0, -4) + (part ? "." + part : "") + "%";
  }

  window.gridAmounts = {
    parseAmount: parseAmount,
    parseCount: parseCount,
    parseRatio: parseRatio,
    product: product,
    share: share,
    format: format,
    figure: figure,
    formatWan: formatWan,
    formatRatio: formatRatio,
    formatCount: (count) => grouped(String(count)),
    signed: signed,
    rate: rate,
  };
})();
