// wants: confusable-name 3:7 error
// wants: confusable-name 4:7 error
const Tool‍ = 1;
const admi‌n = 2;
const admin = 3, می‌خواهم = 4;
console.log(Tool‍, admi‌n, admin, می‌خواهم);
