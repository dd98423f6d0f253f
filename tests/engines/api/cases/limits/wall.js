for (;;) await sleep(1);
