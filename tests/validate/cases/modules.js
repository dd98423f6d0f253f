// wants: unknown-module 3:22 error
import { part } from "./lib/beside.js";
import { gone } from "./lib/gone.js";
console.log(part, gone, await import("./lib/beside.js"));
