// names may come to be in ways that nobody sees here
for (const name of ["invented", "another"]) globalThis[name + "Too"] = name;
console.log(inventedToo, anotherToo());
