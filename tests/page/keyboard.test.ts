// The whole way without a mouse.
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { deskTest, EXAMPLE, signIn } from "./desk";

// What has the focus, by its label or id. It comes with the frame after what was pressed.
const hasFocus = (page: Page, name: string) =>
  page.waitForFunction(
    (wanted) => (document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.id) === wanted,
    name,
  );

deskTest("everything can be reached and done by keyboard", async (desk) => {
  desk.triage(EXAMPLE);
  desk.triage(EXAMPLE, "--ask", "Why is the api Deployment not available?");
  await desk.serve();
  const page = await desk.enter();

  // j and k walk through the queue, Enter opens, u goes back.
  await page.getByRole("list", { name: "Reports" }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  await page.getByText("1 of 2", { exact: true }).waitFor();
  await hasFocus(page, "main"); // a new place has the focus
  await page.keyboard.press("]");
  await page.getByText("2 of 2", { exact: true }).waitFor();
  await page.keyboard.press("u");
  await page.getByRole("list", { name: "Reports" }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");

  // Claims and their evidence.
  await page.getByRole("article", { name: "The whole report" }).waitFor();
  // A report that was open before is there at once; its keys and the focus come with the next frame.
  await hasFocus(page, "main");
  await page.keyboard.press("j");
  await hasFocus(page, "Claim 0, cause");
  const evidence = page.getByRole("complementary", { name: "Evidence" });
  await evidence.getByText("1 of 5").waitFor();
  await page.keyboard.press("n");
  await evidence.getByText("2 of 5").waitFor();
  await page.keyboard.press("p");
  await evidence.getByText("1 of 5").waitFor();

  // The help tells the keys of this view, keeps the focus, and gives it back.
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.getByText("reject, with a reason").waitFor();
  await page.keyboard.press("j");
  assert.ok(await help.isVisible());
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  await hasFocus(page, "Claim 0, cause");

  // A decision from the first key to the last.
  await page.keyboard.press("Shift+A");
  await signIn(page);
  await page.getByRole("status").getByText("Accepted: the whole report").waitFor();

  // Keys are letters again where somebody writes.
  await page.keyboard.press("/");
  await page.keyboard.type("fast-ssd rejects a");
  assert.equal(await page.getByRole("searchbox").inputValue(), "fast-ssd rejects a");
  await page.getByRole("searchbox").fill("fast-ssd");
  await page.keyboard.press("Enter");
  await page.getByText("2 runs with").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await page.getByText("Nothing was evaluated yet").waitFor();
});
