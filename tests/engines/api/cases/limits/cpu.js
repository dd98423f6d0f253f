for (;;) {
  try {
    for (;;);
  } catch {}
}
