console.log("never");
const = 5;
