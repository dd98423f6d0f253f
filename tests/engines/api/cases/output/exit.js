console.log("before");
exit(7);
console.log("after");
