// members that are asked for before they are used are there, or not used
const copied = Object.copied ? Object.copied({}) : {};
if ((Math.squared)) console.log(Math.squared(2));
if (typeof Array.ranged === "function" && !Number.odd) console.log(Array.ranged(2), Number.odd(1));
console.missing?.(copied);
const made = Promise.made || (() => 1);
console.log(made(), Promise.made(1));
