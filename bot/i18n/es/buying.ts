import type { buying as english } from '../en/buying.js';

export const buying: Partial<Record<keyof typeof english, string>> = {
  'purchase.confirm-heading': 'Confirma, por favor',
  'purchase.loan-warning': 'Esto es un préstamo. Deberás {price}, que se descontará de tu próxima recarga.',
  'purchase.price-changed': 'El precio cambió: antes era {before}, ahora es {after}.',
  'purchase.on-its-way': 'En camino',
  'purchase.on-its-way-text': 'Ya pedí {name} por {price}. Te enviaré el recibo por aquí en cuanto esté listo.',
  'purchase.under-way': '{name} ya está en camino. Te avisaré aquí cuando esté listo; nada se compra dos veces.',
  'purchase.checking':
    'Sigo verificando con tu operador si se completó la compra de {name}. Por favor, no la repitas; te avisaré aquí.',
  'purchase.busy':
    'No pedí {wanted}: {name} todavía está en camino, y compro una cosa a la vez. Inténtalo de nuevo cuando termine.',
  'purchase.busy-other':
    'No pedí {wanted}: tu operador todavía está procesando un pedido anterior de este número. Inténtalo más tarde.',
  'purchase.busy-checking':
    'No pedí {wanted}: sigo verificando con tu operador si se completó la compra de {name}. Te avisaré aquí; después podrás volver a pedir.',
  'purchase.busy-checking-other':
    'No pedí {wanted}: sigo verificando con tu operador si se completó un pedido anterior de este número. Inténtalo más tarde.',

  'receipt.heading': 'Recibo',
  'receipt.text': 'Ya tienes {name}. ¡Que lo disfrutes!',
  'receipt.paid': 'Pagaste',
  'receipt.owed': 'Debes',
  'receipt.date': 'Fecha',
  'receipt.reference': 'Referencia',

  'failure.heading': 'No se pudo completar',
  'failure.funds': 'Tu saldo no alcanzó para {name}.',
  'failure.roaming': 'No se puede comprar {name} mientras estás en roaming.',
  'failure.opted-out': 'Tu operador dice que pediste no recibir ofertas como {name}.',
  'failure.conflict': 'Tu operador no aceptó {name} porque choca con un plan que ya tienes o que acabas de comprar.',
  'failure.gone': '{name} ya no está a la venta.',
  'failure.not-allowed': 'Tu operador no permite {name} en este número.',
  'failure.other': 'Tu operador no pudo completar la compra de {name}.',
  'failure.not-charged': 'No se cobró nada.',

  'purchases.heading': 'Mis compras',
  'purchases.none': 'Todavía no has comprado nada aquí.',
  'purchases.confirmed': 'en camino',
  'purchases.submitting': 'en camino',
  'purchases.processing': 'en camino',
  'purchases.unknown': 'en verificación',
  'purchases.completed': 'completada',
  'purchases.failed': 'fallida, no se cobró',

  'trouble.unreachable': 'No logro comunicarme con tu operador. Inténtalo de nuevo en un momento, por favor.',
  'trouble.unspecified': 'Tu operador no pudo responder. Inténtalo más tarde, por favor.',
  'trouble.invalid-number':
    'Tu operador no reconoce este número. Revisa el vínculo con el equipo que lo configuró, por favor.',
  'trouble.bad-request': 'Tu operador no pudo responder. Inténtalo más tarde, por favor.',
  'trouble.roaming': 'Esto no está disponible mientras estás en roaming.',
  'trouble.opted-out': 'Pediste a tu operador no usar este servicio, así que no puedo mostrarte ofertas.',
  'trouble.too-many-requests': 'Tu operador está muy ocupado. Inténtalo de nuevo en un minuto, por favor.',
  'trouble.unavailable': 'El servicio de tu operador no funciona en este momento. Inténtalo más tarde, por favor.',
  'trouble.conflict': 'Tu operador todavía está procesando otra cosa en este número. Inténtalo más tarde, por favor.',
  'trouble.insufficient-funds': 'Tu saldo no alcanza para eso.',
  'trouble.not-allowed': 'Tu operador no permite eso en este número.',

  'failure.busy': 'Tu operador estaba demasiado ocupado para recibir el pedido de {name}.',
  'failure.down': 'El pedido de {name} no llegó a tu operador.',
  'failure.number': 'Tu operador no reconoce el número vinculado a este chat, así que no se pudo pedir {name}.',
  'failure.other-sim':
    'Tu teléfono se volvió a vincular después de que confirmaste {name}, quizá con otra SIM, así que no hice el pedido.',
  'failure.pin': 'El PIN que se ingresó para {name} era incorrecto.',
  'failure.ours': 'Había un error en el pedido de {name}. Es culpa nuestra, no tuya.',
  'failure.again-minutes': 'Inténtalo de nuevo en unos minutos, por favor.',
  'failure.again-later': 'Inténtalo de nuevo dentro de una hora, más o menos.',
  'failure.again-home': 'Funcionará de nuevo cuando vuelvas a tu propia red.',
  'choice.loan': 'Mejor un préstamo',
  'choice.opt-in': 'Volver a aceptar',
  'choice.link': 'Vincular mi número',
  'choice.older': 'Más antiguas',
  'choice.newest': 'Las más recientes',
  'purchase.changed': 'Esta oferta cambió desde que te la mostré. Revísala otra vez antes de confirmar:',
  'purchase.was-now': 'antes {before}, ahora {after}',
  'purchase.not-said': 'sin indicar',
  'purchase.over-limit-day':
    'No pedí {name} por {price}. Aquí el límite es de {limit} en 24 horas, y te quedan {left}.',
  'purchase.over-limit-week': 'No pedí {name} por {price}. Aquí el límite es de {limit} en 7 días, y te quedan {left}.',
  'purchase.limit-frees': 'Podrás comprarlo a partir de: {date}.',
  'purchases.line': '{name} · {price} · {state} · referencia {reference}',
  'purchases.older': 'Compras anteriores',
  'purchases.no-older': 'No hay compras más antiguas.',
  'purchase.shown-long-ago': 'Te mostré esto hace un rato. Sigue igual; confírmalo una vez más, por favor.',
  'purchase.not-ordered': 'No pedí nada. Puedes confirmar de nuevo:',
  'receipt.activating': '{name} ya está pagado y se está activando. Puede tardar unos minutos en aparecer en tu saldo.',
};
