// Errors of the script API, and what an error that nobody caught says: its kind, text and stack, whatever value it is.
(function (ll) {
  "use strict";
  const { uncurry, packed, put } = ll;
  const NativeError = Error, Internal = InternalError, Syntax = SyntaxError, text = String;
  const isError = Error.isError, define = Object.defineProperty, descriptorOf = Object.getOwnPropertyDescriptor, isArray = Array.isArray;
  const has = uncurry(WeakSet.prototype.has), add = uncurry(WeakSet.prototype.add);
  const isInstance = uncurry(Object.prototype.isPrototypeOf), slice = uncurry(String.prototype.slice);
  const MEMORY = "not enough memory", REFUSED = "out of memory", MAX_MESSAGE = 8192, MAX_STACK = 16384, MAX_CAUSE = 500, MAX_CAUSES = 8;
  const KINDS = { __proto__: null };
  for (const kind of ["tool", "provider", "denied", "validation", "timeout", "budget", "not_found", "internal"]) KINDS[kind] = true;
  const made = new WeakSet();
  const stackOf = uncurry(Object.getOwnPropertyDescriptor(Error.prototype, "stack").get);
  ll.stackOf = stackOf;
  ll.errorOf = NativeError;
  ll.setPrepare = uncurry(Object.getOwnPropertyDescriptor(Error, "prepareStackTrace").set);
  uncurry(Object.getOwnPropertyDescriptor(Error, "stackTraceLimit").set)(Error, 32);
  delete Error.stackTraceLimit; // a script must not see, or steer, how the adapter's own errors are made
  delete Error.prepareStackTrace;

  function own(error, name, value) {
    define(error, name, { __proto__: null, value, writable: true, enumerable: name !== "message", configurable: true });
  }

  // Makes an error, which may stand there already for its position, one of the script API.
  ll.fill = (error, kind, message, details) => {
    own(error, "message", message);
    own(error, "kind", kind);
    own(error, "details", details === undefined || details === null ? {} : details);
    add(made, error);
    return error;
  };
  ll.error = (kind, message) => ll.fill(new NativeError(""), kind, message);
  ll.isOurs = (value) => typeof value === "object" && value !== null && has(made, value);
  ll.noMemory = () => new Internal(MEMORY);
  const invalid = (message) => { throw ll.error("validation", message); };
  ll.invalid = invalid;

  // Regular expressions are refused memory in words of their own, and where one is compiled by a SyntaxError.
  function isMemory(error) {
    if (!isInstance(Internal.prototype, error) && !isInstance(Syntax.prototype, error)) return false;
    const message = error.message;
    return message === MEMORY || message === REFUSED || message === REFUSED + " in regexp execution";
  }

  function messageOf(value) {
    if (typeof value === "string") return value;
    if (typeof value !== "object" || value === null) return "the script threw " + ll.show(value);
    const message = value.message;
    if (!isError(value)) return typeof message === "string" ? message : "the script threw " + ll.show(value);
    const name = value.name;
    const said = typeof message === "string" ? message : "";
    if (typeof name !== "string" || name === "Error" || name === "") return said || "the script threw an Error";
    return said === "" ? name : name + ": " + said;
  }

  // What an error says that it comes from: its cause, the cause of that, or the errors that it stands for.
  function causesOf(value) {
    const found = [];
    const tell = (error) => {
      const stack = isError(error) ? stackOf(error) : "", message = slice(messageOf(error), 0, MAX_CAUSE);
      put(found, found.length, {
        __proto__: null, message: ll.wellFormed(message), stack: typeof stack === "string" ? ll.wellFormed(slice(stack, 0, MAX_STACK)) : "",
      });
    };
    const held = (error, name) => {
      const property = isError(error) ? descriptorOf(error, name) : undefined;
      return property === undefined ? undefined : property.value;
    };
    const many = held(value, "errors");
    if (isArray(many)) for (let i = 0; i < many.length && i < MAX_CAUSES; i++) tell(many[i]);
    for (let at = held(value, "cause"); at !== undefined && at !== value && found.length < MAX_CAUSES; at = held(at, "cause")) tell(at);
    return found;
  }

  // The bytes of what is known of `value`: kind, message, stack, causes, and whether it is for want of memory.
  ll.describe = (value) => {
    const about = { __proto__: null, kind: "runtime", message: "", stack: "", syntax: false, memory: false, none: value === null, causes: [] };
    try {
      if (isError(value)) {
        const stack = stackOf(value);
        if (typeof stack === "string") about.stack = slice(stack, 0, MAX_STACK);
        about.memory = isMemory(value);
        about.syntax = isInstance(Syntax.prototype, value);
      }
      if (ll.isOurs(value)) {
        about.ours = true;
        const kind = value.kind;
        if (typeof kind === "string" && KINDS[kind]) about.kind = kind;
      }
      about.message = messageOf(value);
      about.causes = causesOf(value);
    } catch {
      about.causes = [];
      about.message = about.message || "the error could not be described: what it is asked for fails";
    }
    if (about.message.length > MAX_MESSAGE) about.message = slice(about.message, 0, MAX_MESSAGE) + "...";
    about.message = ll.wellFormed(about.message);
    about.stack = ll.wellFormed(about.stack);
    return packed(about);
  };
})
