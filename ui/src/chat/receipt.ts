import type { ReceiptView } from "../bindings/ReceiptView";
import { number, t } from "../messages/t";

/** How an answer came to be, in one line. */
export function receiptText(receipt: ReceiptView): string {
  if (receipt.route === "imported") return t("receipt.imported", { model: receipt.model });
  const seconds = Math.max(receipt.firstTokenMs / 1000, 0.1);
  const parts = [receipt.model, t("receipt.first", { n: number(seconds, 1) })];
  if (receipt.tokensPerSecond !== null) {
    const digits = receipt.tokensPerSecond < 10 ? 1 : 0;
    parts.push(t("receipt.speed", { n: number(receipt.tokensPerSecond, digits) }));
  }
  return parts.join(" · ");
}
