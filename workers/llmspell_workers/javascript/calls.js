// Calls to the host: begun at once, many open at the same time; each gives a promise of its reply.
// An error of a reply is made when the call is made, so that it has the place of the call.
(function (ll) {
  "use strict";
  const { ring, mail, packed, unpacked, fill } = ll;
  const Later = Promise, NativeError = Error;
  const shift = ll.uncurry(Array.prototype.shift), define = Object.defineProperty;
  const BEGIN = 1, OUTPUT = 2, EXIT = 3, NAME = 4, WHERE = 5;
  const NO_MEMORY = 0, MISFIT = -1;
  const MAX_OPEN = 250; // the wire admits 256 open calls
  Object.setPrototypeOf(mail, null); // no accessor that a script plants is met on the way
  const capabilities = { __proto__: null }; // name -> its number
  let pending = { __proto__: null }; // id -> call
  let open = 0, first = null, last = null; // calls that wait for one of the open ones to end

  function send(entry) {
    mail[0] = entry.text;
    entry.text = "";
    const id = ring(BEGIN, entry.capability);
    if (id > 0) {
      open++;
      pending[id] = entry;
      return;
    }
    entry.reject(id === MISFIT ? fill(entry.error, "validation", mail[1]) : ll.noMemory());
  }

  function numberOf(name) {
    let known = capabilities[name];
    if (known === undefined) {
      mail[0] = name;
      known = capabilities[name] = ring(NAME, 0);
    }
    return known;
  }

  // Calls by the number of a capability and the text of a map of arguments.
  function begin(capability, text, finish, error) {
    const entry = {
      __proto__: null, capability, text, finish, error: error || new NativeError(""), resolve: null, reject: null, next: null,
    };
    const promise = new Later((resolve, reject) => {
      entry.resolve = resolve;
      entry.reject = reject;
    });
    if (open < MAX_OPEN && first === null) send(entry);
    else if (first === null) first = last = entry;
    else last = last.next = entry;
    return promise;
  }

  // What Python hands over: a reply. Without a text the memory was not there for it.
  ll.deliver = (id, ok, text) => {
    const entry = pending[id];
    delete pending[id];
    open--;
    if (first !== null) {
      const next = first;
      first = next.next;
      send(next);
    }
    if (entry === undefined) return;
    if (text === undefined) return entry.reject(ll.noMemory());
    try {
      const value = unpacked(text);
      if (!ok) entry.reject(fill(entry.error, value.kind, value.message, value.details));
      else entry.resolve(entry.finish ? entry.finish(value) : value);
    } catch (problem) {
      entry.reject(problem);
    }
  };

  function misfitOf(name) {
    return ll.error("validation", ll.misfit(name));
  }

  // The text of the arguments `given` of a row, by their names; what is undefined is left out.
  ll.argumentsText = (names, fixed, given) => {
    let text = fixed;
    for (let i = 0; i < names.length; i++) {
      const value = given[i];
      if (value === undefined) continue;
      const part = packed(value, 2);
      if (part === undefined) throw misfitOf(names[i]);
      if (part[0] === "~") return taggedText(names, fixed, given);
      text += (text === "" ? "" : ",") + ll.quote(names[i]) + ":" + part;
    }
    return "{" + text + "}";
  };

  function taggedText(names, fixed, given) {
    const all = unpacked("{" + fixed + "}");
    for (let i = 0; i < names.length; i++) {
      define(all, names[i], { __proto__: null, value: given[i], writable: true, enumerable: true, configurable: true });
    }
    const text = packed(all, 1);
    if (text === undefined) throw misfitOf("");
    return text;
  }

  ll.begin = begin;
  ll.numberOf = numberOf;
  // The same by name, with a map of arguments; `error` has the place of it, if it is not here.
  ll.call = (name, values, error) => {
    const text = packed(values, 1);
    if (text === undefined) throw misfitOf("");
    return begin(numberOf(name), text, null, error);
  };
  ll.output = (stream, text) => {
    mail[0] = ll.wellFormed(text);
    const sent = ring(OUTPUT, stream);
    mail[0] = null;
    if (sent === NO_MEMORY) throw ll.noMemory();
  };
  ll.exit = (code) => { ring(EXIT, code); };
  // Tells where the script is: `sites` of what runs now, innermost first.
  ll.ask = () => ll.setPrepare(NativeError, (_error, sites) => {
    let text = "";
    for (let i = 0; i < sites.length; i++) text += sites[i].getFileName() + ":" + sites[i].getLineNumber() + "\n";
    mail[0] = text;
    ring(WHERE, 0);
  });
  // The stack of a call that has been open the longest.
  ll.waiting = () => {
    for (const id in pending) return ll.stackOf(pending[id].error);
    return "";
  };
  ll.reset = () => {
    pending = { __proto__: null };
    open = 0;
    first = last = null;
  };
})
