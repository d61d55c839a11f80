// A bundle and its file names that want to act in the page: they are shown, and nothing of them acts.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deskTest } from "./desk";

deskTest("what a bundle holds is text, and what hides in it is seen", async (desk) => {
  const bundle = join(desk.home, "bundle");
  mkdirSync(bundle);
  const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
  const lines = Array.from({ length: 40 }, (_, at) => `2026-01-02T03:04:${10 + at}Z INFO request ${at} served`);
  lines[20] = `2026-01-02T03:04:30Z ERROR cannot connect to database: ${markup} \u202egnp.exe \u001b[31mred \u200bzero`;
  lines[21] = "2026-01-02T03:04:31Z FATAL giving up: javascript:alert(1)";
  writeFileSync(join(bundle, "<b>app<img src=x onerror=document.title=3>.log"), lines.join("\n") + "\n");
  const report = JSON.parse(
    desk.carrel(["run", "explain-logs", bundle, "--engine", "none", "--tenant", "acme", "--json", "--ask", markup]),
  );
  await desk.serve();
  const page = await desk.enter();
  const title = await page.title();
  for (const tab of ["", "/prompt", "/record"]) {
    await page.goto(`${desk.base}/#/run/${report.run}${tab}`);
    await page.getByText("<img src=x onerror").first().waitFor();
    assert.equal(await page.locator("main img, main script, main b img").count(), 0, tab);
  }
  await page.goto(`${desk.base}/#/run/${report.run}/prompt`);
  await page.locator(".hidden-character", { hasText: "\\u202e" }).first().waitFor();
  await page.locator(".hidden-character", { hasText: "\\x1b" }).first().waitFor();
  await page.locator(".hidden-character", { hasText: "\\u200b" }).first().waitFor();
  const shown = await page.locator("main").innerText();
  assert.doesNotMatch(shown, /[\u202e\u001b\u200b]/);
  assert.ok(!["1", "2", "3"].includes(await page.title()), title);
});

deskTest("the page runs no script but its own", async (desk) => {
  await desk.serve();
  const page = await desk.enter();
  const policy = (await page.request.get(desk.base)).headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe/);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return "ran" in window;
  });
  assert.equal(ran, false);
  assert.ok(desk.errors.some((error) => /Content Security Policy/.test(error)), "and the browser says why");
  desk.errors.length = 0;
});
