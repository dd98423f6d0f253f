// `setTimeout` and its kin: calls of `sleep` that nobody awaits. A timer that is cleared holds the run no longer.
(function (ll) {
  "use strict";
  const { sleep, show } = ll;
  const NativeError = Error, Late = TypeError, text = String, isNumber = isFinite;
  const LONGEST = 86400; // seconds: the longest sleep of the script API
  let timers = { __proto__: null }, last = 0;

  function start(name, callback, wait, given, repeats) {
    if (typeof callback !== "function") throw new Late(name + " needs a function, not " + show(callback));
    const delay = +wait, seconds = delay > 0 && isNumber(delay) ? delay / 1000 : 0;
    const place = new NativeError(""), id = ++last;
    const begin = () => {
      timers[id] = sleep(seconds < LONGEST ? seconds : LONGEST, place, () => {
        if (timers[id] === undefined) return;
        if (repeats) begin();
        else delete timers[id];
        callback(...given);
      });
    };
    begin();
    return id;
  }

  function clear(id) {
    const drop = timers[text(id)];
    if (drop === undefined) return;
    delete timers[text(id)];
    drop();
  }

  ll.timers = {
    setTimeout: (callback, wait, ...given) => start("setTimeout", callback, wait, given, false),
    setInterval: (callback, wait, ...given) => start("setInterval", callback, wait, given, true),
    setImmediate: (callback, ...given) => start("setImmediate", callback, 0, given, false),
    clearTimeout: clear, clearInterval: clear, clearImmediate: clear,
  };
  ll.resetTimers = () => { timers = { __proto__: null }; };
})
