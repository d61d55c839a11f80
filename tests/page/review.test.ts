// From a bundle to the reply: what a reviewer does with a report.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deskTest, EXAMPLE, REVIEWER, signIn } from "./desk";

deskTest("a report is read, accepted, edited, rejected, made a case, and answered", async (desk) => {
  const run = desk.triage(EXAMPLE);
  await desk.serve();
  const page = await desk.enter({ permissions: ["clipboard-read", "clipboard-write"] });

  // The queue has it, and leads to it.
  await page.getByRole("link", { name: /fast-ssd/ }).click();
  await page.getByRole("heading", { level: 1, name: "customer-123.tar.gz" }).waitFor();

  // A claim leads to its evidence in its file, and the file can be read on.
  const evidence = page.getByRole("complementary", { name: "Evidence" });
  await page.getByRole("button", { name: /^E003/ }).first().click();
  await evidence.getByRole("region", { name: /^Lines of/ }).getByText('"phase": "Pending"').waitFor();
  assert.equal(await evidence.locator("[aria-current=location] .number").textContent(), "32");
  await evidence.getByText("of 74 lines").waitFor();

  // Nobody decides without a name.
  const cause = page.getByRole("article", { name: "Claim 0, cause" });
  await cause.click();
  await page.keyboard.press("a");
  await signIn(page);
  await cause.getByText("Accepted", { exact: true }).waitFor();

  // An edit has a reason, and its words are marked.
  await page.keyboard.press("e");
  const edit = page.getByRole("dialog", { name: "Edit this claim" });
  await edit.getByLabel("What it should say").fill("The quota of team-a is used up.");
  await edit.getByRole("button", { name: "Keep the edit" }).click();
  assert.ok(await edit.isVisible(), "without a reason it is not kept");
  await edit.getByLabel("Reason").fill("wrong object");
  await page.keyboard.press("Control+Enter");
  await edit.waitFor({ state: "detached" });
  await cause.getByText("Edited", { exact: true }).waitFor();
  await cause.locator("ins", { hasText: "quota" }).first().waitFor();

  // A rejection too.
  const command = page.getByRole("region", { name: "Commands to run next" }).getByRole("article").first();
  await command.click();
  await page.keyboard.press("r");
  const reject = page.getByRole("dialog", { name: "Reject this claim" });
  await reject.getByLabel("Reason").fill("it says nothing new");
  await reject.getByRole("button", { name: "Reject" }).click();
  await command.getByText("Rejected", { exact: true }).waitFor();

  // The correction becomes a case with one key.
  await page.keyboard.press("l");
  await page.getByRole("status").getByText(/^Case .* is in /).waitFor();
  assert.match(readFileSync(join(desk.cases, "cases.json"), "utf8"), /quota/);

  // The reply says what was accepted, and can be taken along.
  await page.keyboard.press("y");
  const reply = page.getByRole("textbox", { name: "The reply as Markdown" });
  await reply.waitFor();
  const text = await reply.inputValue();
  assert.match(text, /The quota of team\\?-a is used up/);
  assert.doesNotMatch(text, /describe persistentvolumeclaim/);
  await page.getByRole("button", { name: /^Copy/ }).click();
  await page.getByRole("status").getByText("The reply is copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: /^Save/ }).click();
  const saved = await download;
  assert.equal(saved.suggestedFilename(), `${run}.md`);
  assert.equal(readFileSync(await saved.path(), "utf8"), text);

  // The ledger has it all, under the reviewer's name.
  const record = JSON.parse(desk.carrel(["export", run, "--tenant", "acme", "--json"]));
  assert.deepEqual(
    record.reviews.map((review: { reviewer: string; decision: string }) => [review.reviewer, review.decision]),
    [
      [REVIEWER, "accept"],
      [REVIEWER, "edit"],
      [REVIEWER, "reject"],
    ],
  );
});
