import * as lib from "./lib.js";
export default { greeting: lib.greet("Ada"), same: (await import("./lib.js")) === lib };
