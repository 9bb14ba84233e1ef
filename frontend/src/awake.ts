/** Keeps the screen on where the browser can, until what this returns is called; asks again when the page comes back. */
export function keepAwake(): () => void {
  let isWanted = true;
  let lock: WakeLockSentinel | null | undefined;
  const ask = async () => {
    if (document.hidden) return;
    const given = await navigator.wakeLock?.request("screen").catch(() => null); // the battery is low: the device decides
    if (!isWanted) return void given?.release();
    void lock?.release();
    lock = given;
  };
  void ask();
  document.addEventListener("visibilitychange", ask);
  return () => {
    isWanted = false;
    document.removeEventListener("visibilitychange", ask);
    void lock?.release();
  };
}
