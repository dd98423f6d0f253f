// Calls to the host: begun at once, many open at the same time; each gives a promise of its reply.
// The error of a reply is made when the call is made, by the function that the script calls: it has the place of the call.
(function (ll) {
  "use strict";
  const { ring, mail, desk, packed, unpacked, fill } = ll;
  const Later = Promise, NativeError = Error, toBase64 = btoa, queue = queueMicrotask;
  const put = ll.uncurry(Uint8Array.prototype.setFromBase64);
  const REPLY = -1, OUTPUT = -2, EXIT = -3, NAME = -4, WHERE = -5, FORGET = -8;
  const NO_MEMORY = 0, MISFIT = -1, NOT_YET = Infinity, OVER = -Infinity;
  const MAX_OPEN = 250; // the wire admits 256 open calls
  const ROOM = desk.length;
  Object.setPrototypeOf(mail, null); // no accessor that a script plants is met on the way
  const capabilities = { __proto__: null }; // name -> its number
  let pending = { __proto__: null }; // id -> call
  let open = 0, first = null, last = null; // calls that wait for one of the open ones to end
  let listening = false; // whether the job that takes the next reply is there
  let resolve, reject;
  const settlers = (yes, no) => {
    resolve = yes;
    reject = no;
  };

  // Bytes, one in each character, go by the desk, or the mail where they are too many; Python is told their number.
  function send(entry, capability, bytes) {
    if (bytes.length <= ROOM) put(desk, toBase64(bytes));
    else mail[0] = bytes;
    const id = ring(capability, bytes.length);
    if (id > 0) {
      open++;
      pending[entry.id = id] = entry;
      listen();
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

  // Calls by the number of a capability and the bytes of a map of arguments; `error` is new and has the place of it.
  function begin(capability, bytes, finish, error) {
    const promise = new Later(settlers);
    enter({ finish, error, resolve, reject, id: 0 }, capability, bytes);
    return promise;
  }

  function enter(entry, capability, bytes) {
    if (open < MAX_OPEN && first === null) send(entry, capability, bytes);
    else {
      const waiting = { entry, capability, bytes, next: null };
      if (first === null) first = last = waiting;
      else last = last.next = waiting;
    }
  }

  function admit() {
    if (first === null) return;
    const waited = first;
    first = waited.next;
    send(waited.entry, waited.capability, waited.bytes);
  }

  // Sees to it that there is a job which takes the next reply: the machine begins a job for less than Python calls it.
  function listen() {
    if (listening || open === 0) return;
    queue(take);
    listening = true;
  }

  // Takes a reply, once no other job is left.
  function take() {
    listening = false;
    const id = ring(REPLY, 0);
    if (id === OVER) return;
    if (id === NO_MEMORY) throw ll.noMemory();
    if (id !== NOT_YET) deliver(id > 0 ? id : -id, id > 0);
    listen();
  }

  // A reply: its value is in the mail, if the memory was there for it.
  function deliver(id, ok) {
    const entry = pending[id], given = mail[1];
    mail[1] = undefined;
    delete pending[id];
    open--;
    admit();
    if (entry === undefined) return;
    if (given === undefined) return entry.reject(ll.noMemory());
    try {
      const value = typeof given === "string" ? unpacked(given) : given;
      if (!ok) entry.reject(fill(entry.error, value.kind, value.message, value.details));
      else entry.resolve(entry.finish === null ? value : entry.finish(value));
    } catch (problem) {
      entry.reject(problem);
    }
  }

  ll.begin = begin;
  ll.take = take;
  ll.numberOf = numberOf;
  // The same by name, with a map of arguments; `error` has the place of it, if it is not here.
  ll.call = (name, values, error) => {
    const bytes = packed(values);
    if (bytes === undefined) throw ll.error("validation", ll.misfit(""));
    return begin(numberOf(name), bytes, null, error || new NativeError(""));
  };
  // A call of `sleep` that calls back, whose errors nobody handles; gives a function that lets it go.
  ll.sleep = (seconds, error, done) => {
    const entry = { finish: null, error, resolve: done, reject: (problem) => { new Later((_, fail) => fail(problem)); }, id: 0 };
    enter(entry, numberOf("sleep"), packed({ __proto__: null, seconds }));
    return () => {
      if (pending[entry.id] !== entry) return; // it was not begun, or is over
      delete pending[entry.id];
      open--;
      ring(FORGET, entry.id);
      admit();
    };
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
