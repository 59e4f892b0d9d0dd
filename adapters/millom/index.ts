/** Millom, Telenor's telco middleware: its upsell API as a `Telco`, and the webhooks it calls Refill on. */
export { type CallReport, createMillom, type MillomOptions } from './client.js';
export { type MillomRichOptions, millomRichWebhooks } from './rich.js';
export { type MillomWebhookOptions, millomWebhooks, type PurchaseResult, type WebhookEvent } from './webhooks.js';
