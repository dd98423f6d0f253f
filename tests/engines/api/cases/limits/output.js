for (;;) {
  try {
    console.log("x".repeat(99));
  } catch {}
}
