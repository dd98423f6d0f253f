console.log("one");
console.log("two é");
