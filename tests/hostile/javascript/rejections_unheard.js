// title: rejections that nobody hears, one of them a refusal
// threat: T-LANG-4
// verdict: error runtime
import("./none.js");
Promise.reject({ kind: "forged" });
