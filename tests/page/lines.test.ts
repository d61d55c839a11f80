// A large file: only what is looked at is drawn and asked for.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deskTest } from "./desk";

const LINES = 600_000;

deskTest("a file of 600,000 lines opens at its citation and scrolls to its end", async (desk) => {
  const bundle = join(desk.home, "bundle");
  mkdirSync(bundle);
  const lines = Array.from({ length: LINES }, (_, at) => `line ${at + 1}`);
  lines[LINES / 2] = "2026-01-02T03:04:05Z FATAL giving up: the disk is full";
  writeFileSync(join(bundle, "app.log"), lines.join("\n") + "\n");
  const args = ["run", "explain-logs", bundle, "--engine", "none", "--tenant", "acme", "--json"];
  const report = JSON.parse(desk.carrel(args));
  await desk.serve();
  const page = await desk.enter();
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/lines?")) asked.push(request.url());
  });
  await page.goto(`${desk.base}/#/run/${report.run}`);
  const file = page.getByRole("region", { name: /^Lines of/ });
  await file.getByText("the disk is full").waitFor();
  await file.getByText(`line ${LINES / 2 + 12}`, { exact: true }).waitFor();

  await page.getByLabel("Line", { exact: true }).fill(String(LINES));
  await page.keyboard.press("Enter");
  await file.getByText(`line ${LINES}`, { exact: true }).waitFor();
  assert.ok(await file.getByText(`line ${LINES}`, { exact: true }).isVisible());
  await file.evaluate((element) => (element.scrollTop = 0));
  await file.getByText("line 1", { exact: true }).waitFor();

  assert.ok((await file.locator("li").count()) < 200, "few lines are drawn");
  assert.ok(asked.length < 12, `few ranges are asked for: ${asked.length}`);
});
