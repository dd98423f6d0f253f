const noted = [];
for (const name of await Suite.plan()) {
  try {
    globalThis[name].anything;
  } catch ({ kind, message }) {
    noted.push({ name, kind, message });
  }
}
noted;
