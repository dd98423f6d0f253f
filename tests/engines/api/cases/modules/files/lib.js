import { hello } from "./words.js";
console.log("loaded");
export const greet = (name) => `${hello}, ${name}`;
