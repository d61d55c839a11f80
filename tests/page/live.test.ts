// Asking again: the run is followed to its end, and compared with the first.
import { deskTest, EXAMPLE, signIn } from "./desk";

deskTest("a report is asked again, followed, and compared", async (desk) => {
  const first = desk.triage(EXAMPLE);
  await desk.serve();
  const page = await desk.enter();
  await page.goto(`${desk.base}/#/run/${first}`);
  await page.getByRole("article", { name: "The whole report" }).waitFor();
  await page.keyboard.press("t");
  await signIn(page);
  const dialog = page.getByRole("dialog", { name: "Ask again" });
  await dialog.getByLabel("Question").fill("Why is the api Deployment not available?");
  await dialog.getByRole("button", { name: "Ask", exact: true }).click();

  await page.getByText("Why is the api Deployment not available?").waitFor();
  await page.getByRole("article", { name: "The whole report" }).waitFor();
  await page.keyboard.press("d");
  await page.getByRole("list", { name: "Runs to compare with" }).getByRole("link").first().click();
  const inputs = page.getByRole("region", { name: "What went in" });
  await inputs.getByText("Why is the api Deployment not available?").waitFor();
  await page.getByRole("region", { name: "Claims" }).waitFor();
});
